"""Regular expressions that are compiled when they are first used, since most of those that a module has are not."""

import re
from typing import Any, AnyStr, cast


class _Late:
    """Stands for a compiled expression, and takes over its methods one by one as they are asked for."""

    def __init__(self, text: str | bytes, flags: int) -> None:
        self._text = text
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        """A method of the compiled expression; asked for once, then found on the object itself."""
        method = getattr(re.compile(self._text, self._flags), name)
        self.__dict__[name] = method
        return method


def late_pattern(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """As `re.compile`, but a fault in the expression shows when it is first used."""
    return cast("re.Pattern[AnyStr]", _Late(text, flags))
