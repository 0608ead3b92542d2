r"""Regular expressions of strangers, matched in a time that their author cannot choose.

A value set may come from anywhere, and the standard library's engine takes exponential time for a pattern such as
``(a+)+b``. Here a pattern becomes an automaton whose states are sets of places in the pattern (Thompson's
construction), and each set is made once and remembered with where every character leads. A text is then read once,
character by character, whatever the pattern. What making the sets may cost is a stated budget: a pattern that wants
more is refused with `TooCostlyError`.

Understood are literals, ``.``, classes, groups, ``|``, ``* + ? {m,n}``, the escapes ``\d \w \s`` and their
opposites, and ``^`` and ``$`` where the pattern begins and ends. A pattern matches the whole of a text. What looks
elsewhere in the text (references back, looking around) is refused with `NotSupportedError`.

Source: FHIR R4, filter operator ``regex``; XML Schema part 2, appendix F, for what the syntax has in common.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache

from careloom.model.errors import NotSupportedError, TooCostlyError

MAX_LENGTH = 1_000
"""Characters of a pattern."""
MAX_DEPTH = 50
"""Groups within groups."""
MAX_PLACES = 4_000
"""Places in a pattern after its counted repetitions are written out."""
BUDGET = 500_000
"""Places that may be visited while sets are made, over the life of a pattern; about half a second."""

Accepts = Callable[[str], bool]

_SHORTHANDS: dict[str, Accepts] = {
    "d": lambda char: char.isdecimal(),
    "D": lambda char: not char.isdecimal(),
    "w": lambda char: char.isalnum() or char == "_",
    "W": lambda char: not (char.isalnum() or char == "_"),
    "s": str.isspace,
    "S": lambda char: not char.isspace(),
}
_CONTROLS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "v": "\v"}
_NO_LIMIT = -1


class Pattern:
    """A compiled pattern; `matches` asks whether it takes the whole of a text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._places = _Parser(text).parse()
        self._sets: dict[frozenset[int], _State] = {}
        self._spent = 0
        self._start = self._state([self._places.start])

    def matches(self, text: str) -> bool:
        """Whether the whole text matches.

        Raises:
            TooCostlyError: The pattern has used up its budget.
        """
        state = self._start
        for char in text:
            following = state.leads.get(char)
            state = self._step(state, char) if following is None else following
            if not state.places:
                return False
        return state.is_end

    def _step(self, state: "_State", char: str) -> "_State":
        moves = self._places.moves
        reached = [target for place in state.places for accepts, target in moves[place] if accepts(char)]
        self._spend(len(state.places) + 1)
        state.leads[char] = following = self._state(reached)
        return following

    def _state(self, places: Iterable[int]) -> "_State":
        reached = self._with_silent_steps(places)
        if reached not in self._sets:
            self._sets[reached] = _State(reached, self._places.end in reached)
        return self._sets[reached]

    def _with_silent_steps(self, places: Iterable[int]) -> frozenset[int]:
        found = set(places)
        pending = list(found)
        while pending:
            for target in self._places.silent[pending.pop()]:
                if target not in found:
                    found.add(target)
                    pending.append(target)
        self._spend(len(found))
        return frozenset(found)

    def _spend(self, places: int) -> None:
        self._spent += places
        if self._spent > BUDGET:
            raise TooCostlyError(f"the regular expression {self.text[:80]!r} costs more than it may")


@lru_cache(maxsize=256)
def compile_pattern(text: str) -> Pattern:
    """Compile a pattern.

    Raises:
        NotSupportedError: It is no regular expression, or uses what is not understood here.
        TooCostlyError: It is too long, too deep or repeats too often.
    """
    return Pattern(text)


class _State:
    """A set of places, and where each character that was met leads from it."""

    __slots__ = ("is_end", "leads", "places")

    def __init__(self, places: frozenset[int], is_end: bool) -> None:
        self.places = places
        self.is_end = is_end
        self.leads: dict[str, _State] = {}


class _Places:
    """The automaton: from each place, steps on a character and silent steps."""

    def __init__(self) -> None:
        self.moves: list[list[tuple[Accepts, int]]] = []
        self.silent: list[list[int]] = []
        self.start = 0
        self.end = 0

    def add(self) -> int:
        if len(self.moves) >= MAX_PLACES:
            raise TooCostlyError(f"a regular expression of at most {MAX_PLACES} places expected, this one has more")
        self.moves.append([])
        self.silent.append([])
        return len(self.moves) - 1


Piece = Callable[[_Places, int], int]
"""A part of a pattern: adds itself from a place on, and says where it ends."""


class _Parser:
    """Reads a pattern by recursive descent into pieces, and lays them out."""

    def __init__(self, text: str) -> None:
        if len(text) > MAX_LENGTH:
            raise TooCostlyError(f"a regular expression of at most {MAX_LENGTH} characters expected, found {len(text)}")
        self._text = text
        self._at = 1 if text.startswith("^") else 0
        self._stop = len(text) - 1 if _ends_with_anchor(text) else len(text)
        self._depth = 0

    def parse(self) -> _Places:
        piece = self._alternatives()
        if self._at < self._stop:
            raise self._refused(f"unexpected {self._peek()!r}")
        places = _Places()
        places.start = places.add()
        places.end = piece(places, places.start)
        return places

    def _alternatives(self) -> Piece:
        branches = [self._sequence()]
        while self._take("|"):
            branches.append(self._sequence())
        return branches[0] if len(branches) == 1 else _either(branches)

    def _sequence(self) -> Piece:
        pieces = []
        while self._at < self._stop and self._peek() not in "|)":
            pieces.append(self._quantified(self._atom()))
        return _one_after_another(pieces)

    def _quantified(self, piece: Piece) -> Piece:
        if self._at >= self._stop or self._peek() not in "*+?{":
            return piece
        least, most = self._quantifier()
        self._take("?")  # a lazy quantifier takes the same texts
        return _repeated(piece, least, most)

    def _quantifier(self) -> tuple[int, int]:
        sign = self._next()
        if sign != "{":
            return {"*": (0, _NO_LIMIT), "+": (1, _NO_LIMIT), "?": (0, 1)}[sign]
        least, comma, most = self._up_to("}").partition(",")
        if not least.isdecimal() or (most and not most.isdecimal()):
            raise self._refused("a repetition {m}, {m,} or {m,n} expected")
        limit = int(most) if most else _NO_LIMIT if comma else int(least)
        if max(int(least), limit) > MAX_PLACES:
            raise TooCostlyError(f"at most {MAX_PLACES} repetitions expected in {self._text[:80]!r}")
        if _NO_LIMIT < limit < int(least):
            raise self._refused("a repetition with its bounds in order expected")
        return int(least), limit

    def _atom(self) -> Piece:
        char = self._next()
        if char == "(":
            return self._group()
        if char == "[":
            return _single(self._class())
        if char == ".":
            return _single(lambda char: char not in "\r\n")
        if char == "\\":
            return _single(self._escape())
        if char in "*+?{^$":
            raise self._refused(f"unexpected {char!r}")
        return _single(char.__eq__)

    def _group(self) -> Piece:
        if self._take("?") and not self._take(":"):
            raise self._refused("a plain group expected")
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise TooCostlyError(f"at most {MAX_DEPTH} groups within groups expected in {self._text[:80]!r}")
        piece = self._alternatives()
        if not self._take(")"):
            raise self._refused("')' expected")
        self._depth -= 1
        return piece

    def _class(self) -> Accepts:
        is_negated = self._take("^")
        members: list[Accepts] = []
        while not members or self._peek() != "]":
            members.append(self._class_member())
        self._next()
        if is_negated:
            return lambda char: not any(accepts(char) for accepts in members)
        return lambda char: any(accepts(char) for accepts in members)

    def _class_member(self) -> Accepts:
        first = self._next()
        if first == "[":
            raise self._refused("no class within a class expected")
        if first == "\\":
            accepts, low = self._escape(), self._text[self._at - 1]
            if low in _SHORTHANDS:
                return accepts
            low = _CONTROLS.get(low, low)
        else:
            accepts, low = first.__eq__, first
        if self._peek() != "-" or self._text[self._at + 1 : self._at + 2] in ("]", ""):
            return accepts
        self._next()
        high = self._next()
        high = self._literal() if high == "\\" else high
        if high < low:
            raise self._refused(f"a range in order expected, found {low}-{high}")
        return lambda char: low <= char <= high

    def _escape(self) -> Accepts:
        if self._peek() in _SHORTHANDS:
            return _SHORTHANDS[self._next()]
        return self._literal().__eq__

    def _literal(self) -> str:
        char = self._next()
        if char.isalnum() and char not in _CONTROLS:
            raise self._refused(f"no \\{char} expected")
        return _CONTROLS.get(char, char)

    def _peek(self) -> str:
        if self._at >= self._stop:
            raise self._refused("it ends too early")
        return self._text[self._at]

    def _next(self) -> str:
        char = self._peek()
        self._at += 1
        return char

    def _take(self, char: str) -> bool:
        found = self._at < self._stop and self._text[self._at] == char
        self._at += found
        return found

    def _up_to(self, end: str) -> str:
        found = self._text.find(end, self._at, self._stop)
        if found < 0:
            raise self._refused(f"{end!r} expected")
        taken, self._at = self._text[self._at : found], found + 1
        return taken

    def _refused(self, why: str) -> NotSupportedError:
        return NotSupportedError(f"the regular expression {self._text[:80]!r} is not understood: {why}")


def _ends_with_anchor(text: str) -> bool:
    before = text.removesuffix("$")
    return before != text and (len(before) - len(before.rstrip("\\"))) % 2 == 0


def _single(accepts: Accepts) -> Piece:
    def lay(places: _Places, start: int) -> int:
        end = places.add()
        places.moves[start].append((accepts, end))
        return end

    return lay


def _one_after_another(pieces: list[Piece]) -> Piece:
    def lay(places: _Places, start: int) -> int:
        for piece in pieces:
            start = piece(places, start)
        return start

    return lay


def _either(branches: list[Piece]) -> Piece:
    def lay(places: _Places, start: int) -> int:
        end = places.add()
        for branch in branches:
            begin = places.add()
            places.silent[start].append(begin)
            places.silent[branch(places, begin)].append(end)
        return end

    return lay


def _repeated(piece: Piece, least: int, most: int) -> Piece:
    def lay(places: _Places, start: int) -> int:
        for _ in range(least):
            begin = places.add()  # even nothing, repeated, has a place, so that nested repetitions reach the limit
            places.silent[start].append(begin)
            start = piece(places, begin)
        return _endless(piece, places, start) if most == _NO_LIMIT else _optional(piece, places, start, most - least)

    return lay


def _endless(piece: Piece, places: _Places, start: int) -> int:
    turn, end = places.add(), places.add()
    places.silent[start].append(turn)
    places.silent[turn].append(end)
    places.silent[piece(places, turn)].append(turn)
    return end


def _optional(piece: Piece, places: _Places, start: int, times: int) -> int:
    end = places.add()
    for _ in range(times):
        begin = places.add()
        places.silent[start].extend((begin, end))
        start = piece(places, begin)
    places.silent[start].append(end)
    return end
