"""A YAML document read with its places: every complaint names file, line and path."""

import re
from collections.abc import Iterator
from typing import Never

import yaml

from careloom.model.errors import InvalidError, MalformedError
from careloom.model.records import dataclass

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|min)")
_SECONDS = {"ms": 0.001, "s": 1.0, "min": 60.0}


@dataclass(frozen=True, slots=True)
class Place:
    """A node of the document, and where it is: ``file``, and ``path`` such as ``steps[2].expect[0].from``."""

    node: yaml.Node
    file: str
    path: str = ""

    def refuse(self, expected: str) -> Never:
        """Complain about this node: what was expected, and what is there."""
        self.complain(f"{expected} expected, found {_shown(self.node)}")

    def complain(self, message: str) -> Never:
        """Complain about this node.

        Raises:
            InvalidError: Always; the message begins with file, line and path.
        """
        where = f"{self.file}:{self.node.start_mark.line + 1}"
        raise InvalidError(f"{where}: {self.path or 'the document'}: {message}", expression=self.path)

    def text(self) -> str:
        """A text that is not empty; numbers count as text."""
        if not isinstance(self.node, yaml.ScalarNode) or not self.node.value.strip():
            self.refuse("a text")
        return str(self.node.value).strip()

    def number(self) -> int:
        """A whole number, not negative."""
        if not isinstance(self.node, yaml.ScalarNode) or not self.node.value.isdecimal():
            self.refuse("a whole number")
        return int(self.node.value)

    def seconds(self) -> float:
        """A duration such as ``500 ms``, ``5 s`` or ``1 min``, in seconds."""
        found = _DURATION.fullmatch(self.text())
        if not found:
            self.refuse("a duration such as '5 s'")
        return float(found[1]) * _SECONDS[found[2]]

    def one_of(self, *choices: str) -> str:
        """One of the texts given."""
        text = self.text()
        if text not in choices:
            self.refuse(f"one of {', '.join(choices)}")
        return text

    def items(self) -> Iterator["Place"]:
        """The items of a list."""
        if not isinstance(self.node, yaml.SequenceNode):
            self.refuse("a list")
        for index, node in enumerate(self.node.value):
            yield Place(node, self.file, f"{self.path}[{index}]")

    def mapping(self, *, required: tuple[str, ...] = (), optional: tuple[str, ...] | None = ()) -> dict[str, "Place"]:
        """The members of a mapping by key; any key is welcome when ``optional`` is None."""
        if not isinstance(self.node, yaml.MappingNode):
            self.refuse("a mapping")
        members: dict[str, Place] = {}
        for key, value in self.node.value:
            name = Place(key, self.file, self.path).text()
            member = Place(value, self.file, f"{self.path}.{name}" if self.path else name)
            if name in members:
                member.complain("this key is here twice")
            if optional is not None and name not in (*required, *optional):
                member.complain(f"no such key; known here: {', '.join((*required, *optional))}")
            members[name] = member
        for name in required:
            if name not in members:
                self.complain(f"{name} is missing")
        return members


def read_yaml(text: str, file: str) -> Place:
    """The root of a YAML document.

    Raises:
        MalformedError: Not YAML; the message has file, line and column.
    """
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"{file}:{mark.line + 1}:{mark.column + 1}" if mark else file
        raise MalformedError(f"{where}: not YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise MalformedError(f"{file}: not YAML: {error}") from error
    if node is None:
        raise MalformedError(f"{file}: the document is empty")
    return Place(node, file)


def _shown(node: yaml.Node) -> str:
    if isinstance(node, yaml.ScalarNode):
        return repr(node.value)
    return "a list" if isinstance(node, yaml.SequenceNode) else "a mapping"
