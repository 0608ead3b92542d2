"""Page tokens: where a search goes on, sealed.

A token holds the snapshot of the first page, the sort values of the last entry shown, and the total. No state is kept
for it: the next page takes what was visible at the snapshot and comes after that entry. Sort values are patient data
(names, dates), so the token is encrypted, and bound to its query, with a key of the tenant: nobody can read it, change
it, or use it with another query.
"""

import base64
import json
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from careloom.model.errors import InvalidError
from careloom.model.records import dataclass, replace
from careloom.search import Query
from careloom.search.printing import query_path, query_string, rules_of
from careloom.store.hashing import derived

DEFAULT_COUNT = 50
"""Entries per page where the query does not say."""

LARGEST_COUNT = 1_000
"""Entries per page at most, whatever the query says."""

COUNTED_TO = 10_000
"""A total beyond this is left out unless the query asks for an accurate one."""

_NONCE = 12

SortValue = int | float | str | None


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page begins.

    Attributes:
        snapshot: Sequence of the newest version that counts.
        after: Sort values of the entry before, its sequence last; empty on the first page.
        total: As counted for the first page; None where it was not.
        hidden: First and last sequence of each range that does not count though it is not newer.
    """

    snapshot: int
    after: tuple[SortValue, ...] = ()
    total: int | None = None
    hidden: tuple[tuple[int, int], ...] = ()


class Sealer:
    """Tokens under the key of one tenant."""

    def __init__(self, secret: bytes) -> None:
        self._cipher = AESGCM(derived(secret, "page"))

    def seal(self, query: Query, position: Position) -> str:
        """The position as a token fit for a URL."""
        plain = json.dumps(
            [position.snapshot, position.hidden, position.total, *position.after], separators=(",", ":")
        ).encode()
        nonce = secrets.token_bytes(_NONCE)
        sealed = nonce + self._cipher.encrypt(nonce, plain, _bound_to(query))
        return _as_text(sealed)

    def open(self, query: Query, token: str) -> Position:
        """The position in a token.

        Raises:
            InvalidError: The token was not given out for this query.
        """
        try:
            sealed = base64.urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
            if _as_text(sealed) != token:
                raise ValueError("the same bytes in another spelling")
            plain = self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], _bound_to(query))
        except (ValueError, InvalidTag) as error:
            raise InvalidError("page: a token given out with a page of this search expected, found another") from error
        snapshot, hidden, total, *after = json.loads(plain)
        return Position(snapshot, tuple(after), total, tuple((first, last) for first, last in hidden))


def _as_text(sealed: bytes) -> str:
    """Fit for a URL. Others spell the same: decoders drop what is no digit, and bits of the last one that fill up."""
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def page_size(query: Query) -> int:
    """Entries on each page of a query."""
    return min(DEFAULT_COUNT if query.count is None else query.count, LARGEST_COUNT)


def count_limit(query: Query) -> int | None:
    """How far to count the matches of a query; None: to the end; 0: not at all."""
    if query.counts_only or query.total == "accurate":
        return None
    return 0 if query.total == "none" else COUNTED_TO


def _bound_to(query: Query) -> bytes:
    """What must be the same in the query that comes with a token, access rules included: all but page and count."""
    bare = replace(query, page=None, count=None)
    text = f"{query_path(bare)}?{query_string(bare)}#{rules_of(bare)}"
    return text.encode("utf-8", "surrogatepass")
