"""The ``NHSMESH`` authorization: a fresh code for each request, over the mailbox's password.

Source: NHS England, MESH API, "Create a MESH authorization header".
"""

import hmac
import itertools
import uuid
from collections.abc import Iterator
from hashlib import sha256

from careloom.model.instants import Clock, utc_now
from careloom.model.records import dataclass, field

_MINUTE = "%Y%m%d%H%M"


@dataclass(frozen=True, slots=True)
class MailboxKey:
    """What a mailbox proves itself by.

    Attributes:
        mailbox: Id of the mailbox.
        password: Of the mailbox.
        shared_key: Of the environment.
        clock: MESH refuses a code that is older than two hours.
    """

    mailbox: str
    password: str = field(repr=False)
    shared_key: str = field(repr=False)
    clock: Clock = utc_now
    _nonce: str = field(default_factory=lambda: str(uuid.uuid4()), repr=False)
    _counts: Iterator[int] = field(default_factory=itertools.count, repr=False)

    def header(self) -> str:
        """The value of ``Authorization`` for one request; no other may use it again."""
        count, minute = next(self._counts), f"{self.clock():{_MINUTE}}"
        secret = f"{self.mailbox}:{self._nonce}:{count}:{self.password}:{minute}"
        code = hmac.new(self.shared_key.encode(), secret.encode(), sha256).hexdigest()
        return f"NHSMESH {self.mailbox}:{self._nonce}:{count}:{minute}:{code}"
