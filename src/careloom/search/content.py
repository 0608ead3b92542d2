"""What ``_text`` and ``_content`` look at: the words of a resource's narrative, and those of all its texts.

The content is made of every text but addresses (URLs, URNs, references), ids and attachments: what a person would read
or look up by name. The narrative is part of it.
"""

import html
import re
from collections.abc import Iterator
from typing import Any

from careloom.model import Resource
from careloom.search.words import words_of

_TAG = re.compile(r"<[^>]*>")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:\S*|#\S*|[A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64}(?:/_history/\S+)?")
_NOT_READ = frozenset({"resourceType", "id", "data", "versionId", "lastUpdated"})


def narrative_words(resource: Resource) -> str:
    """The words of ``text.div``."""
    narrative = resource.get("text")
    div = narrative.get("div") if isinstance(narrative, dict) else None
    return words_of(_plain(div)) if isinstance(div, str) else ""


def content_words(resource: Resource) -> str:
    """The words of all texts."""
    return words_of(" ".join(_texts(resource)))


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "div" and isinstance(value, str):
                yield _plain(value)
            elif key not in _NOT_READ:
                yield from _texts(value)
    elif isinstance(node, list):
        for item in node:
            yield from _texts(item)
    elif isinstance(node, str) and not _ADDRESS.fullmatch(node):
        yield node


def _plain(xhtml: str) -> str:
    return html.unescape(_TAG.sub(" ", xhtml))
