r"""A pattern as an automaton that follows all its ways at once, so that a text is read a single time.

The construction is Thompson's: a list of instructions, and the set of those that have been reached, moved on by one
character after the other. A set is made once and remembered with where each character leads from it, so that a text
whose sets are known costs one look-up a character; making a set visits each instruction once at most.

Places between characters (``^``, ``$``, ``\b``) hang on the character before and the one after, so a remembered set
knows the kind of character before it, and a step is remembered by the character after it.
"""

import re
from collections.abc import Callable, Iterable, Mapping

from careloom.model.errors import NotSupportedError, TooCostlyError
from careloom.model.patterns.tree import NO_LIMIT, Chars, Choice, Place, Repeat, Sequence, Tree
from careloom.model.records import dataclass, field

MOST_INSTRUCTIONS = 5_000
"""After counted repetitions are written out."""

MOST_REMEMBERED = 200_000
"""Instructions in the sets that are remembered, some tens of megabytes; when there are more, all are forgotten."""

_START, _WORD, _OTHER, _LAST_LINE_END, _END = "start", "word", "other", "last line end", "end"
"""Kinds of what is on one side of a place."""

_IS_NO_BORDER_IN_NOTHING = re.search(r"\B", "") is not None
"""Python finds ``\\B`` in the empty text from 3.14 on."""

_BESIDE: Mapping[str, Callable[[str, str], bool]] = {
    "^": lambda before, after: before == _START,
    r"\A": lambda before, after: before == _START,
    "$": lambda before, after: after in (_END, _LAST_LINE_END),
    r"\Z": lambda before, after: after == _END,
    r"\b": lambda before, after: (before == _WORD) is not (after == _WORD),
    r"\B": lambda before, after: (
        (before == _WORD) is (after == _WORD) and ((before, after) != (_START, _END) or _IS_NO_BORDER_IN_NOTHING)
    ),
}
"""As Python's engine has them."""


@dataclass(slots=True)
class _Instruction:
    """Takes a character or is at a place, then goes on; without either it goes on by itself; the end does not."""

    test: Chars | Place | None = None
    targets: tuple[int, ...] = ()


@dataclass(slots=True)
class _State:
    """A set of instructions, with the kind of character before it and where the characters that were met lead."""

    moved: frozenset[int]
    before: str
    leads: dict[str, "_State"] = field(default_factory=dict)
    ends: dict[str, bool] = field(default_factory=dict)


class Automaton:
    """Answers whether texts match.

    Args:
        instructions: The first is the end.
        start: Where every way begins.
        steps: Instructions that may be visited to make sets.
        is_for_life: Whether those are for all texts together, or for each.
        named: The pattern, for messages.
    """

    def __init__(
        self, instructions: list[_Instruction], start: int, steps: int, *, is_for_life: bool, named: str
    ) -> None:
        self._instructions = instructions
        self._start = start
        self._steps = steps
        self._is_for_life = is_for_life
        self._named = named
        self._left = steps
        self._remembered = 0
        self._states: dict[tuple[frozenset[int], str, bool], _State] = {}

    def is_in(self, text: str) -> bool:
        """Whether some part of a text matches.

        Raises:
            TooCostlyError: Pattern and text are too long for each other.
        """
        return self._run(text, whole=False)

    def is_whole(self, text: str) -> bool:
        """Whether the whole of a text matches.

        Raises:
            TooCostlyError: Pattern and text are too long for each other.
        """
        return self._run(text, whole=True)

    def _run(self, text: str, *, whole: bool) -> bool:
        if not self._is_for_life:
            self._left = self._steps
        state = self._state((self._start,), _START, whole=whole)
        last = len(text) - 1
        for at, char in enumerate(text):
            if not whole and self._is_end(state, _kind(char, at == last)):
                return True
            key = char if char != "\n" or at != last else _LAST_LINE_END
            following = state.leads.get(key)
            if following is None:
                following = state.leads[key] = self._step(state, char, at == last, whole=whole)
            if whole and not following.moved:
                return False
            state = following
        return self._is_end(state, _END)

    def _step(self, state: _State, char: str, is_last: bool, *, whole: bool) -> _State:
        moved: set[int] = set() if whole else {self._start}
        for number in self._reached(state, _kind(char, is_last)):
            instruction = self._instructions[number]
            if isinstance(instruction.test, Chars) and instruction.test.pattern.fullmatch(char):
                moved.update(instruction.targets)
        self._remembered += 1
        return self._state(moved, _kind(char, False), whole=whole)

    def _is_end(self, state: _State, after: str) -> bool:
        if after not in state.ends:
            state.ends[after] = 0 in self._reached(state, after)
        return state.ends[after]

    def _reached(self, state: _State, after: str) -> set[int]:
        """Everything that can be reached from a set without taking a character."""
        found, pending = set(state.moved), list(state.moved)
        while pending:
            instruction = self._instructions[pending.pop()]
            test = instruction.test
            if isinstance(test, Chars) or (test is not None and not _BESIDE[test.source](state.before, after)):
                continue
            new = [target for target in instruction.targets if target not in found]
            found.update(new)
            pending.extend(new)
        self._spend(len(found) + 1)
        return found

    def _state(self, moved: Iterable[int], before: str, *, whole: bool) -> _State:
        key = frozenset(moved), before, whole
        state = self._states.get(key)
        if state is None:
            self._remembered += len(key[0]) + 1
            if self._remembered > MOST_REMEMBERED:
                self._states.clear()
                self._remembered = len(key[0]) + 1
            state = self._states[key] = _State(key[0], before)
        return state

    def _spend(self, steps: int) -> None:
        self._left -= steps
        if self._left < 0:
            raise TooCostlyError(f"{self._named} takes over {self._steps} steps")


def automaton_of(
    tree: Tree, steps: int = 5_000_000, *, is_for_life: bool = False, named: str = "a regular expression"
) -> Automaton:
    """The automaton of a pattern; arguments as of `Automaton`.

    Raises:
        NotSupportedError: It looks elsewhere in the text, back or ahead.
        TooCostlyError: It repeats too often what it counts.
    """
    layout = _Layout()
    start = layout.before(tree, layout.end)
    return Automaton(layout.instructions, start, steps, is_for_life=is_for_life, named=named)


def _kind(char: str, is_last: bool) -> str:
    if char == "\n" and is_last:
        return _LAST_LINE_END
    return _WORD if char.isalnum() or char == "_" else _OTHER


class _Layout:
    """Lays a tree out from its end to its start, so that every part knows where it goes on."""

    def __init__(self) -> None:
        self.instructions: list[_Instruction] = []
        self.end = self._add()

    def before(self, tree: Tree, next: int) -> int:
        """The start of a part that goes on at an instruction."""
        match tree:
            case Chars() | Place():
                return self._add(tree, next)
            case Sequence(parts):
                for part in reversed(parts):
                    next = self.before(part, next)
                return next
            case Choice(branches):
                return self._add(None, *(self.before(branch, next) for branch in branches))
            case Repeat():
                return self._repeated(tree, next)
        raise NotSupportedError("it refers to other parts of the text")

    def _repeated(self, tree: Repeat, next: int) -> int:
        if tree.most == NO_LIMIT:
            turn = self._add(None, next)
            start = self.before(tree.body, turn)
            self.instructions[turn].targets = (start, next)
            next = turn
        for _ in range(0 if tree.most == NO_LIMIT else tree.most - tree.least):
            next = self._add(None, self.before(tree.body, next), next)
        for _ in range(tree.least):
            next = self._add(None, self.before(tree.body, next))
        return next

    def _add(self, test: Chars | Place | None = None, *targets: int) -> int:
        if len(self.instructions) >= MOST_INSTRUCTIONS:
            raise TooCostlyError(
                f"a regular expression is longer than {MOST_INSTRUCTIONS} when its counts are written out"
            )
        self.instructions.append(_Instruction(test, targets))
        return len(self.instructions) - 1
