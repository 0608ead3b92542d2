"""Tokens to a tree, by operator precedence: a left operand is taken, then every operator that binds tight enough.

The grammar is that of FHIRPath 2.0. Words that are operators (``as``, ``contains``, ``div`` …) may also name an
element, after a dot always.
"""

from decimal import Decimal
from typing import Literal as OneOf
from typing import cast

from careloom.fhirpath.ast import (
    OPERATOR_WORDS,
    PRECEDENCE,
    SIGN_PRECEDENCE,
    Binary,
    Call,
    Constant,
    Index,
    Literal,
    Member,
    Sign,
    Special,
    Tree,
    TypeName,
    TypeOperation,
)
from careloom.fhirpath.lexer import Token, tokens
from careloom.fhirpath.quantities import Quantity, calendar_unit
from careloom.fhirpath.sources import Site
from careloom.fhirpath.temporal import Temporal, parse_date, parse_date_time, parse_time

DEEPEST = 100
"""Levels of brackets, signs and arguments; what people write has fewer than ten."""

_LARGEST_INTEGER = 2**63 - 1


def parse(text: str) -> Tree:
    """The tree of an expression.

    Raises:
        MalformedError: Not FHIRPath, or nested too deeply; the message has line and column.
    """
    parser = _Parser(text)
    tree = parser.expression(0)
    parser.expect_end()
    return tree


class _Parser:
    """One pass over the tokens of one expression."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(tokens(text))
        self._next = 0
        self._depth = 0

    def expression(self, least: int) -> Tree:
        """An expression whose operators bind at least so tight."""
        self._descend()
        tree = self._signed()
        while PRECEDENCE.get(self._operator(), -1) >= max(least, 1):
            token = self._take()
            if token.text in ("is", "as"):
                operator = cast(OneOf["is", "as"], token.text)
                tree = TypeOperation(token.offset, operator, tree, self._type_name())
            else:
                tree = Binary(token.offset, token.text, tree, self.expression(PRECEDENCE[token.text] + 1))
        self._depth -= 1
        return tree

    def expect_end(self) -> None:
        """Nothing may follow."""
        if self._token.kind != "end":
            raise self._unexpected("the end, an operator or a dot")

    def _signed(self) -> Tree:
        if self._token.kind == "symbol" and self._token.text in ("+", "-"):
            token = self._take()
            return Sign(token.offset, cast(OneOf["+", "-"], token.text), self.expression(SIGN_PRECEDENCE))
        return self._path()

    def _path(self) -> Tree:
        tree = self._term()
        while True:
            if self._skip("."):
                tree = self._invocation(tree)
            elif self._is("["):
                offset = self._take().offset
                tree = Index(offset, tree, self.expression(0))
                self._expect("]")
            else:
                return tree

    def _term(self) -> Tree:  # noqa: PLR0911 - one case for each kind of token
        token = self._token
        match token.kind:
            case "word" if token.text in ("true", "false"):
                self._take()
                return Literal(token.offset, token.text == "true")
            case "word" if token.text not in OPERATOR_WORDS:
                return self._invocation(None)
            case "quoted":
                return self._invocation(None)
            case "number" | "string" | "temporal":
                return self._literal(self._take())
            case "constant":
                return Constant(self._take().offset, token.text)
            case "special":
                return Special(self._take().offset, cast(OneOf["this", "index", "total"], token.text))
            case "symbol" if token.text in "({":
                return self._bracketed(self._take())
        raise self._unexpected("an operand")

    def _bracketed(self, opening: Token) -> Tree:
        if opening.text == "{":
            self._expect("}")
            return Literal(opening.offset, None)
        tree = self.expression(0)
        self._expect(")")
        return tree

    def _invocation(self, target: Tree | None) -> Tree:
        token = self._token
        if token.kind not in ("word", "quoted"):
            raise self._unexpected("a name")
        self._take()
        if not self._skip("("):
            return Member(token.offset, target, token.text)
        return Call(token.offset, target, token.text, self._arguments(is_sort=token.text == "sort"))

    def _arguments(self, *, is_sort: bool) -> tuple[Tree, ...]:
        if self._skip(")"):
            return ()
        arguments = [self._argument(is_sort=is_sort)]
        while self._skip(","):
            arguments.append(self._argument(is_sort=is_sort))
        self._expect(")")
        return tuple(arguments)

    def _argument(self, *, is_sort: bool) -> Tree:
        """An expression; a key of ``sort`` may have a direction, and descending is kept as a minus sign."""
        tree = self.expression(0)
        if is_sort and self._token.kind == "word" and self._token.text in ("asc", "desc"):
            token = self._take()
            return Sign(token.offset, "-", tree) if token.text == "desc" else tree
        return tree

    def _type_name(self) -> TypeName:
        first = self._identifier()
        if not self._skip("."):
            return TypeName(first.offset, "", first.text)
        return TypeName(first.offset, first.text, self._identifier().text)

    def _identifier(self) -> Token:
        if self._token.kind not in ("word", "quoted"):
            raise self._unexpected("the name of a type")
        return self._take()

    def _literal(self, token: Token) -> Tree:
        if token.kind == "string":
            return Literal(token.offset, token.text)
        if token.kind == "number":
            return self._number(token)
        value = _temporal(token.text)
        if value is None:
            raise self._site(token).malformed(f"@{token.text} is not in the calendar")
        return Literal(token.offset, value)

    def _number(self, token: Token) -> Tree:
        following = self._token
        if following.kind == "string":
            return Literal(token.offset, Quantity(Decimal(token.text), self._take().text))
        unit = calendar_unit(following.text) if following.kind == "word" else None
        if unit:
            self._take()
            return Literal(token.offset, Quantity(Decimal(token.text), unit, is_calendar=True))
        if "." in token.text:
            return Literal(token.offset, Decimal(token.text))
        if len(token.text) > len(str(_LARGEST_INTEGER)) or int(token.text) > _LARGEST_INTEGER:
            raise self._site(token).malformed("an integer of more than 64 bits")
        return Literal(token.offset, int(token.text))

    def _operator(self) -> str:
        return self._token.text if self._token.kind in ("word", "symbol") else ""

    @property
    def _token(self) -> Token:
        return self._tokens[self._next]

    def _take(self) -> Token:
        token = self._tokens[self._next]
        self._next += token.kind != "end"
        return token

    def _is(self, symbol: str) -> bool:
        return self._token.kind == "symbol" and self._token.text == symbol

    def _skip(self, symbol: str) -> bool:
        found = self._is(symbol)
        self._next += found
        return found

    def _expect(self, symbol: str) -> None:
        if not self._skip(symbol):
            raise self._unexpected(repr(symbol))

    def _descend(self) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise self._site(self._token).malformed(f"nested more than {DEEPEST} levels deep")

    def _unexpected(self, expected: str) -> Exception:
        token = self._token
        found = "the end" if token.kind == "end" else repr(token.text)
        return self._site(token).malformed(f"{expected} expected, {found} found")

    def _site(self, token: Token) -> Site:
        return Site(self._text, token.offset)


def _temporal(text: str) -> Temporal | None:
    if text.startswith("T"):
        return parse_time(text[1:])
    return parse_date_time(text.removesuffix("T")) if "T" in text else parse_date(text)
