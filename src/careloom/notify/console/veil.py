"""What is cut for a viewer whose a subscription is not: what may name a patient, and what may be a secret.

A filter may name a patient, and the query of an endpoint, or a name and password before its host, may be what lets in.
"""

from urllib.parse import urlsplit

CUT = "…"


def veiled_endpoint(url: str) -> str:
    """An address without what may be secret in it: name, password, query and fragment."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return CUT if url else ""
    rest = f"?{CUT}" if parts.query or parts.fragment else ""
    return f"{parts.scheme}://{host}{parts.path}{rest}" if host else f"{parts.scheme}:{CUT}" if url else ""


def veiled_filter(text: str) -> str:
    """A filter without its values: ``Encounter?patient=…``."""
    type, _, query = text.partition("?")
    names = (pair.partition("=")[0] for pair in query.split("&"))
    return f"{type}?{'&'.join(f'{name}={CUT}' for name in names)}"


def veiled_text(text: str, endpoint: str) -> str:
    """A sentence that may quote an address, with the address cut."""
    return text.replace(endpoint, veiled_endpoint(endpoint)) if endpoint else text
