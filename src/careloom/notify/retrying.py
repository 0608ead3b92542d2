"""When to try again, and how often: the one policy of all lanes."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from careloom.model.records import dataclass

HANDSHAKE_TRIES: Final = 3
"""Tries that make up one handshake; when the last of them fails, the handshake has failed."""

POISON_TRIES: Final = 3
"""How often the same range must be refused for what it holds, before it is taken apart."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """When to try again.

    Attributes:
        base: Bound of the first pause, in seconds; it doubles with each try.
        ceiling: Bound of every pause, in seconds.
        budget: After failing for so long, the subscription goes to ``error``.
    """

    base: float = 1.0
    ceiling: float = 3600.0
    budget: timedelta = timedelta(hours=72)

    def pause(self, attempt: int, retry_after: float | None, random: Callable[[], float]) -> float:
        """Seconds to wait after a failed try: what the receiver asks for, else full jitter below the bound."""
        bound = min(self.ceiling, self.base * 2 ** min(attempt - 1, 40))
        jittered: float = random() * bound
        return jittered if retry_after is None else min(max(retry_after, jittered), self.ceiling)
