"""Keyed hashes: what postings are found by instead of long texts.

64 bits of BLAKE2b under a secret of the tenant. Without the secret nobody can make two codes that collide, and by
chance it takes billions of different codes under one parameter; so postings are trusted without looking at the body.
"""

import hashlib
from collections.abc import Callable

Hash = Callable[..., int]
"""Takes one text or more, gives a signed 64-bit integer; the texts are kept apart from one another."""


def hasher(secret: bytes) -> Hash:
    """The hash function of one tenant."""
    start = hashlib.blake2b(digest_size=8, key=derived(secret, "posting"))

    def hash_of(*parts: str) -> int:
        state = start.copy()
        state.update("\x1f".join(parts).encode("utf-8", "surrogatepass"))
        return int.from_bytes(state.digest(), "big", signed=True)

    return hash_of


def remembering(hash_of: Hash, most: int = 20_000) -> Hash:
    """The same function, which looks up what it was asked lately: codes and units come again and again."""
    recent: dict[tuple[str, ...], int] = {}

    def remembered(*parts: str) -> int:
        known = recent.get(parts)
        if known is None:
            known = hash_of(*parts)
            if len(recent) >= most:
                recent.clear()
            recent[parts] = known
        return known

    return remembered


def derived(secret: bytes, purpose: str) -> bytes:
    """A key of 32 bytes for one purpose."""
    return hashlib.blake2b(b"", digest_size=32, key=secret, person=purpose.encode()).digest()
