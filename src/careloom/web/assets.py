"""Style sheets and scripts: ours, and those of others that set-up fetches into ``assets/vendor``."""

from pathlib import Path

from careloom.model.records import dataclass

FOLDER = Path(__file__).parent / "assets"
NHSUK = "vendor/nhsuk-frontend.css"
HTMX = "vendor/htmx.js"
HTMX_SSE = "vendor/hx-sse.js"


@dataclass(frozen=True, slots=True)
class Assets:
    """Which files of others are there; a page does without those that are not, and says so."""

    nhsuk: bool
    htmx: bool

    @property
    def is_complete(self) -> bool:
        """Whether set-up fetched everything."""
        return self.nhsuk and self.htmx

    @classmethod
    def found(cls, folder: Path = FOLDER) -> "Assets":
        """Look which files are there."""
        return cls(nhsuk=(folder / NHSUK).is_file(), htmx=(folder / HTMX).is_file() and (folder / HTMX_SSE).is_file())
