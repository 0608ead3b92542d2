"""From lines to a function: compiled under a telling file name, with the source kept for tracebacks."""

import linecache
from itertools import count
from typing import Any

_numbers = count(1)


def define(function: str, lines: list[str], title: str, names: dict[str, Any]) -> Any:
    """Add the function of a body, of value ``v``, path ``p`` and check ``c``, to names that its code may refer to."""
    text = f"def {function}(v, p, c):\n" + "\n".join(lines) + "\n"
    file = f"<careloom {title} ({next(_numbers)})>"
    exec(compile(text, file, "exec"), names)
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    return names[function]
