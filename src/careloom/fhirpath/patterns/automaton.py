"""A pattern as an automaton that follows all its ways at once, so that a text is read a single time.

The construction is Thompson's: a list of instructions, and the set of those that have been reached, moved on by one
character after the other. A step visits each instruction once at most, whatever the pattern.
"""

import re
from dataclasses import dataclass

from careloom.fhirpath.patterns.tree import NO_LIMIT, Chars, Choice, Place, Repeat, Sequence, Tree
from careloom.model.errors import NotSupportedError, TooCostlyError

MOST_INSTRUCTIONS = 5_000
"""After counted repetitions are written out."""

MOST_STEPS = 5_000_000
"""Instructions visited for one text; a few seconds."""

_PLACES = {source: re.compile(source) for source in ("^", "$", r"\A", r"\Z", r"\b", r"\B")}


@dataclass(slots=True)
class _Instruction:
    """Takes a character or is at a place, then goes on; without either it goes on by itself; the end does not."""

    test: Chars | Place | None = None
    targets: tuple[int, ...] = ()


class Automaton:
    """Answers whether texts match."""

    def __init__(self, instructions: list[_Instruction], start: int) -> None:
        self._instructions = instructions
        self._start = start

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
        spent, moved = 0, [self._start]
        for at in range(len(text) + 1):
            reached = self._reached(moved, text, at)
            spent += len(reached) + 1
            if spent > MOST_STEPS:
                raise TooCostlyError(f"a regular expression takes over {MOST_STEPS} steps on {len(text)} characters")
            if 0 in reached and (at == len(text) or not whole):
                return True
            if at == len(text):
                break
            moved = self._moved(reached, text[at])
            if not whole:
                moved.append(self._start)
        return False

    def _reached(self, moved: list[int], text: str, at: int) -> set[int]:
        """Everything that can be reached from some instructions without taking a character."""
        found, pending = set(moved), list(moved)
        while pending:
            instruction = self._instructions[pending.pop()]
            if isinstance(instruction.test, Chars) or not _holds(instruction.test, text, at):
                continue
            new = [target for target in instruction.targets if target not in found]
            found.update(new)
            pending.extend(new)
        return found

    def _moved(self, reached: set[int], char: str) -> list[int]:
        moved: list[int] = []
        for number in reached:
            instruction = self._instructions[number]
            if isinstance(instruction.test, Chars) and instruction.test.pattern.fullmatch(char):
                moved.extend(instruction.targets)
        return moved


def automaton_of(tree: Tree) -> Automaton:
    """The automaton of a pattern.

    Raises:
        NotSupportedError: It looks elsewhere in the text, back or ahead.
        TooCostlyError: It repeats too often what it counts.
    """
    layout = _Layout()
    return Automaton(layout.instructions, layout.before(tree, layout.end))


def _holds(test: Place | None, text: str, at: int) -> bool:
    return test is None or _PLACES[test.source].match(text, at) is not None


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
