"""``validate`` as the toolkit of the command line takes it: the same signature, and what only a toolkit must know."""

from types import FunctionType
from typing import Annotated, Any

from cyclopts import Parameter

from careloom.cli.validate import command


def _as_declared(name: str, type: Any) -> Any:
    """The type of an argument with the words that stand for it; nothing has a ``--no-`` form."""
    if name == "files":
        return Annotated[type, Parameter(allow_leading_hyphen=True)]
    names = [f"--{name.replace('_', '-')}", *filter(None, [command.SHORT.get(name)])]
    return Annotated[type, Parameter(name=names, negative=())]


def _declared() -> Any:
    """A twin of the function that differs in its annotations alone."""
    plain = command.validate
    twin = FunctionType(plain.__code__, plain.__globals__, plain.__name__, plain.__defaults__)
    twin.__kwdefaults__, twin.__doc__, twin.__module__ = plain.__kwdefaults__, plain.__doc__, plain.__module__
    twin.__annotations__ = {
        name: type if name == "return" else _as_declared(name, type) for name, type in plain.__annotations__.items()
    }
    return twin


validate = _declared()

__all__ = ["validate"]
