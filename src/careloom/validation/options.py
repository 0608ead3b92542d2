"""What a validator takes for granted and what it looks into."""

import re
from typing import Literal

from careloom.model.issues import Issue
from careloom.model.records import dataclass, field

References = Literal["ignored", "exist", "valid"]


@dataclass(frozen=True, slots=True)
class Options:
    """Choices that change a verdict; the defaults are those of the HL7 reference validator.

    Attributes:
        allow_example_urls: Take unknown extensions, profiles and systems under example.org and acme.com as fine.
        best_practice: Severity of invariants marked as best practice; None keeps them silent.
        references: Whether references out of the document are followed, and their targets validated.
        check_contained: Look into contained resources.
        assume_rest_references: ``Type/id`` is right even where nothing can be found by it.
        check_security: Text that looks like HTML is an error in strings.
        allow_comments: Take comments in JSON for granted.
        refuse_experimental: A definition that is marked as experimental is an error.
        wrong_displays: Severity of a display that is not a term of its code.
        extension_domains: Address prefixes under which unknown extensions are fine.
        suppressed: What not to tell: part of a message, or ``rule@expression``.
        for_publication: Value sets and code systems need what others have to know about them.
        language: BCP 47 tag; designations in other languages are no displays. Empty for any.
        refuse_html: Tags of HTML in Markdown are an error.
        entry_profiles: Profiles for entries of a Bundle: a number from 0, a type, or ``Type:number``, and the profile.
    """

    allow_example_urls: bool = True
    best_practice: Literal["error", "warning", "information"] | None = None
    references: References = "ignored"
    check_contained: bool = True
    assume_rest_references: bool = False
    check_security: bool = False
    allow_comments: bool = False
    refuse_experimental: bool = False
    wrong_displays: Literal["error", "warning"] = "error"
    extension_domains: tuple[str, ...] = ()
    suppressed: tuple[str, ...] = field(default_factory=tuple)
    for_publication: bool = False
    language: str = ""
    refuse_html: bool = False
    entry_profiles: tuple[tuple[str, str], ...] = ()

    @property
    def is_special(self) -> bool:
        """Whether they ask for more than what every resource is judged by."""
        return self.for_publication or self.refuse_html or bool(self.language or self.entry_profiles)

    def suppresses(self, issue: Issue) -> bool:
        """Whether the caller does not want to hear of an issue."""
        return any(_is_about(text, issue) for text in self.suppressed)


def _is_about(text: str, issue: Issue) -> bool:
    rule, separator, expression = text.partition("@")
    if not separator:
        return text in issue.diagnostics or text == issue.rule
    return rule == issue.rule and expression in (issue.expression, re.sub(r"\[\d+\]", "", issue.expression))


def is_example_url(url: str) -> bool:
    """Whether an address is one of those that specifications use in examples."""
    return any(host in url for host in ("://example.org", "://www.example.org", ".example.org/", "://acme.com"))


__all__ = ["Options", "References", "is_example_url"]
