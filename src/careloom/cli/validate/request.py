"""What the user asked for, checked before anything is read."""

from pathlib import Path

from careloom.model.errors import InvalidError
from careloom.model.records import dataclass, replace
from careloom.terminology.sources import ServerSource, TerminologySources
from careloom.validation.batch import STANDARD_INPUT, Engine, IgnoreEntry, Question
from careloom.validation.batch.judgement import FailOn
from careloom.validation.reporting import Format


@dataclass(frozen=True, slots=True)
class Request:
    """The arguments, by the names that the engines have for them."""

    files: tuple[str, ...]
    profiles: tuple[str, ...]
    packages: tuple[str, ...]
    definitions: tuple[Path, ...]
    references: tuple[str, ...]
    settings: tuple[str, ...]
    ignore: Path | None
    terminology_store: Path | None
    terminology_server: str
    terminology_settings: Path | None
    fail_on: FailOn
    format: Format
    summary: bool
    watch: bool
    jobs: int
    engine: Engine

    def check(self) -> None:
        """Refuse what does not go together.

        Raises:
            InvalidError: Two arguments exclude each other.
        """
        for name, is_given in (("--summary", self.summary), ("--watch", self.watch)):
            if is_given and self.format != "text":
                raise InvalidError(f"{name}: --format text expected, {self.format} found")
        if self.watch and STANDARD_INPUT in self.files:
            raise InvalidError("--watch: files expected, standard input found")
        if self.watch and (self.jobs > 1 or self.engine != "local"):
            raise InvalidError("--watch: one local process expected, --jobs or --engine found")

    def question(self, ignored: tuple[IgnoreEntry, ...]) -> Question:
        """By what to judge."""
        return Question(
            profiles=self.profiles,
            packages=self.packages,
            definitions=self.definitions,
            references=self.references,
            settings=self.settings,
            ignored=ignored,
            terminology=self._terminology(),
        )

    def _terminology(self) -> TerminologySources:
        """Where codes are looked up; an argument goes before the settings file."""
        found = TerminologySources()
        if self.terminology_settings:
            from careloom.settings.terminology import load_terminology  # noqa: PLC0415  (few runs have settings)

            found = load_terminology(self.terminology_settings)
        server = ServerSource(self.terminology_server) if self.terminology_server else found.server
        if server is not None:
            server.check()
        return replace(found, store=self.terminology_store or found.store, server=server)
