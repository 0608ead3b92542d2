"""Plain arguments of ``careloom validate``, read by the signature of the command and without a toolkit.

Loading the toolkit takes as long as ten judgements of a small file. What it is good for, help, completion and telling
what is wrong with an argument, is not needed where every word is a file or a known option with a value it can have.
Anything else is left to the toolkit, so a word that is not understood here costs time, never meaning.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Literal, NoReturn, get_args, get_origin

from careloom.cli.validate.command import SHORT, validate


def plain_call(arguments: list[str]) -> Callable[[], NoReturn] | None:
    """The call that the arguments ask for; None for anything that is not plain."""
    options: dict[str, Any] = {}
    files: list[str] = []
    words = iter(arguments)
    try:
        for word in words:
            if word.startswith("-") and word != "-":
                _take_option(word, words, options)
            elif not word:
                return None
            else:
                files.append(word)
    except (KeyError, ValueError, StopIteration):
        return None
    return partial(validate, *files, **options)


def _take_option(word: str, words: Any, options: dict[str, Any]) -> None:
    """Put an option with its value among the options.

    Raises:
        KeyError: There is no such option.
        ValueError: It cannot have this value, or not twice, or its value looks like an option.
        StopIteration: Its value is missing.
    """
    name, is_joined, value = word.partition("=")
    name = _NAMES[name]
    type = validate.__annotations__[name]
    if type is bool:
        if is_joined or name in options:
            raise ValueError(word)
        options[name] = True
        return
    value = value if is_joined else next(words)
    if value.startswith("-") or not value:
        raise ValueError(word)
    origin: Any = get_origin(type)
    if origin is tuple:
        options[name] = (*options.get(name, ()), _converted(value, get_args(type)[0]))
    elif name in options:
        raise ValueError(word)
    else:
        options[name] = _converted(value, type)


def _converted(text: str, type: Any) -> Any:
    """A word as a value of the type that the signature gives.

    Raises:
        ValueError: It is none.
    """
    if get_origin(type) is Literal:
        if text not in get_args(type):
            raise ValueError(text)
        return text
    if type is int:
        if not text.isdecimal():
            raise ValueError(text)
        return int(text)
    return Path(text) if type is Path or Path in get_args(type) else text


def _names() -> dict[str, str]:
    """The words that name an option, to its name in the signature."""
    options = [name for name in validate.__annotations__ if name not in ("files", "return")]
    long = {f"--{name.replace('_', '-')}": name for name in options}
    return long | {word: name for name, word in SHORT.items()}


_NAMES = _names()
