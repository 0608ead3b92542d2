"""How long connections are kept, the same for everything here that is asked over HTTP."""

from typing import Final

AT_REST: Final = 75
"""Seconds that a connection is kept on which nothing is asked.

Most proxies keep theirs for a minute. Were who is asked the first to close one, a request might be on its way there:
the sender cannot know what has become of it, and what is not a read is not sent again.
"""
