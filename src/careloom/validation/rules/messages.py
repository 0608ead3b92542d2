"""Messages: what the MessageHeader is about is in the Bundle.

Source: FHIR R4, messaging, "Bundle content".
"""

from careloom.validation.context import Check, Scope
from careloom.validation.rules.questionnaires import objects


def check_message(scope: Scope, check: Check) -> None:
    """Check a Bundle of type message."""
    entries = scope.index.entries
    if scope.resource.get("type") != "message" or not entries:
        return
    header = entries[0]
    name = header.resource.get("resourceType")
    if name != "MessageHeader":
        check.error("invalid", header.path, f"a MessageHeader expected as first entry, {name} found", "message")
        return
    for index, focus in enumerate(objects(header.resource.get("focus"))):
        text = focus.get("reference")
        if isinstance(text, str) and not text.startswith("#") and not scope.index.find(text, header):
            path = ((header.path, "focus"), index)
            check.error("not-found", path, f"'{text}' expected in the message, not found", "message")
