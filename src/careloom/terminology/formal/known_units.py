"""Units that the grammar of UCUM has accepted, kept between runs: loading the grammar takes longer than all the rest.

What is kept are texts that were found right. A text that was not is looked at anew each time, so that what people wait
for is the exception.
"""

from pathlib import Path

from careloom.definitions.kept import KeptFile, KeptFolder, Stamp, stamp_of

MOST = 2_000
"""Units that are kept; the commonly used ones are fewer."""

_NAME = "units"


class KnownUnits:
    """The units accepted so far, in this run or in an earlier one."""

    def __init__(self) -> None:
        self._codes: set[str] = set()
        self._folder: KeptFolder | None = None
        self._file: KeptFile | None = None
        self._recalled = 0

    def __contains__(self, code: object) -> bool:
        if self._folder is not None:
            self._take_in(self._folder)
        return code in self._codes

    def add(self, code: str) -> None:
        """Note that a unit is right."""
        if len(self._codes) < MOST:
            self._codes.add(code)

    def recall(self, folder: KeptFolder) -> None:
        """Take in what earlier runs found right, by the same grammar, once somebody asks about a unit."""
        self._folder = folder

    def _take_in(self, folder: KeptFolder) -> None:
        self._folder, self._file = None, folder.file(_NAME)
        kept = self._file.get(_NAME, _grammar_stamp()) if self._file else None
        if isinstance(kept, list):
            self._codes.update(code for code in kept if isinstance(code, str))
        self._recalled = len(self._codes)

    def keep(self) -> None:
        """Keep what is known by now for later runs, if that is more than there was."""
        if self._file is not None and len(self._codes) > self._recalled:
            self._file.put(_NAME, _grammar_stamp(), sorted(self._codes))
            self._file.save()
            self._recalled = len(self._codes)


def _grammar_stamp() -> Stamp:
    """The stamp of the package that has the grammar, without loading it."""
    from importlib.util import find_spec  # noqa: PLC0415  (many runs meet no unit)

    found = find_spec("ucumvert")
    origin = Path(found.origin) if found and found.origin else Path()
    return stamp_of(origin, origin.parent)


KNOWN_UNITS = KnownUnits()
"""Of this process: what is a unit depends on the grammar alone."""
