"""What values look like that several sections have: ids, addresses, canonicals, purposes of use."""

import re
from typing import Final

from careloom.governance.purposes import purpose_code
from careloom.settings.tables import Table

ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
ID_FORM: Final = "1 to 64 of A-Z a-z 0-9 . _ -"
URL: Final = re.compile(r"https?://[^\s/?#]+(/[^\s?#]*)?")
URL_FORM: Final = "an http or https address without query"
CANONICAL: Final = re.compile(r"(https?://|urn:)\S+")
TYPE: Final = re.compile(r"[A-Z][A-Za-z]{1,63}")
TYPE_OR_ANY: Final = re.compile(rf"\*|{TYPE.pattern}")


def read_purpose(table: Table, key: str = "purpose", default: str | None = None) -> str:
    """The code of a purpose of use; empty where there is none or it is not one."""
    return _code(table, key, text) if (text := table.text(key, default)) else ""


def read_purposes(table: Table, key: str, default: tuple[str, ...] | None = None) -> frozenset[str]:
    """The codes of purposes of use; those that are not one are left out."""
    return frozenset({_code(table, key, text) for text in table.texts(key, default)} - {""})


def _code(table: Table, key: str, text: str) -> str:
    return table.attempt(key, lambda: purpose_code(text), "")
