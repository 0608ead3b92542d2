"""The folder where large code systems are kept."""

from collections.abc import Sequence
from pathlib import Path

from careloom.definitions.versions import version_order
from careloom.model.errors import UnavailableError
from careloom.terminology.stored.content import StoredContent
from careloom.terminology.stored.loading import SUFFIX
from careloom.terminology.versions import is_version


class CodeSystemStore:
    """The code systems in a folder, as they are when it is first asked; what is loaded later needs a new one.

    Raises:
        UnavailableError: A file of the folder is no table of a code system, told when it is first asked.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._found: dict[str, list[StoredContent]] | None = None

    def systems(self) -> Sequence[StoredContent]:
        """Every code system, by URL and version."""
        return [content for url in sorted(self._by_url()) for content in self._by_url()[url]]

    def find(self, url: str, version: str = "") -> StoredContent | None:
        """A code system; the newest that fits where no version, or only the start of one, is asked for."""
        fitting = [
            content for content in self._by_url().get(url, ()) if not version or is_version(content.version, version)
        ]
        return fitting[-1] if fitting else None

    def remove(self, url: str, version: str = "") -> Sequence[StoredContent]:
        """Take a code system out of the folder; a process that has it open keeps what it has.

        Args:
            url: Canonical URL.
            version: Exactly as it was loaded; empty for every version.

        Returns:
            What was there.

        Raises:
            UnavailableError: The file cannot be removed.
        """
        gone = [content for content in self._by_url().get(url, ()) if version in ("", content.version)]
        for content in gone:
            try:
                content.file.unlink(missing_ok=True)
            except OSError as error:
                raise UnavailableError(f"{content.file}: cannot be removed: {error.strerror}") from error
        self._found = None
        return gone

    def _by_url(self) -> dict[str, list[StoredContent]]:
        if self._found is None:
            contents = [StoredContent(file) for file in sorted(self.folder.glob(f"*{SUFFIX}"))]
            contents.sort(key=lambda content: version_order(content.version))
            found: dict[str, list[StoredContent]] = {}
            for content in contents:
                found.setdefault(content.url, []).append(content)
            self._found = found
        return self._found
