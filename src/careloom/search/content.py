"""What ``_text`` and ``_content`` look at: the words of a resource's narrative, and those of all its texts.

The content is made of every text but addresses (URLs, URNs, references), ids, dates and attachments: what a person
would read or look up by name. The narrative is part of it.
"""

import html
import re
from functools import lru_cache
from typing import Any

from careloom.model import Resource
from careloom.search.words import words_of

_TAG = re.compile(r"<[^>]*>")
_NOT_WORDS = re.compile(
    r"[A-Za-z][A-Za-z0-9+.\-]*:\S*|#\S*|[A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64}(?:/_history/\S+)?"  # addresses
    r"|[0-9]{4}-[0-9]{2}(?:-[0-9]{2}(?:T[0-9:.]+(?:Z|[+-][0-9:]+)?)?)?"  # dates
)
_NOT_READ = frozenset({"resourceType", "id", "data", "versionId", "lastUpdated"})


def narrative_words(resource: Resource) -> str:
    """The words of ``text.div``."""
    narrative = resource.get("text")
    div = narrative.get("div") if isinstance(narrative, dict) else None
    return _words_shown(div) if isinstance(div, str) else ""


def content_words(resource: Resource) -> str:
    """The words of all texts."""
    texts: list[str] = []
    _take(resource, texts)
    return words_of(" ".join(texts))


def _take(node: Any, texts: list[str]) -> None:
    """Take the texts of a node and of all below it, in their order."""
    if node.__class__ is str:
        if not _NOT_WORDS.fullmatch(node):
            texts.append(node)
    elif node.__class__ is dict:
        for key, value in node.items():
            if key == "div" and value.__class__ is str:
                texts.append(_words_shown(value))
            elif key not in _NOT_READ:
                _take(value, texts)
    elif node.__class__ is list:
        for item in node:
            _take(item, texts)


@lru_cache(maxsize=4)
def _words_shown(xhtml: str) -> str:
    """The words of a narrative, which is asked about twice in a row."""
    return words_of(html.unescape(_TAG.sub(" ", xhtml)))
