"""What schemathesis checks besides, in its own environment: an answer tells nothing of what is behind it."""

# mypy: ignore-errors

import re

import schemathesis

LEAK = re.compile(r"psycopg|sqlite3?\.|Traceback|SQLSTATE|syntax error at|\bFROM (posting|version|resource)s?\b|\.py\b")


@schemathesis.check
def no_leak(ctx, response, case):
    """Neither SQL nor places in the code."""
    found = LEAK.search(response.content.decode("utf-8", "replace"))
    if found:
        raise AssertionError(f"the answer tells {found[0]!r}")
