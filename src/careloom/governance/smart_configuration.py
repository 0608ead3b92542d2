"""What ``/.well-known/smart-configuration`` tells a client: where to get a token and how."""

from typing import Any

from careloom.governance.identity import Registry
from careloom.governance.keys import ALGORITHMS
from careloom.governance.tokens import Authority


def smart_configuration(authority: Authority, registry: Registry) -> dict[str, Any]:
    """The document as JSON. Source: SMART App Launch 2.2, "Conformance"; RFC 8414.

    ``scopes_supported`` names the rights on every type; the scopes of single types follow the same form.
    """
    return {
        "issuer": authority.base_url,
        "jwks_uri": f"{authority.base_url}/.well-known/jwks.json",
        "token_endpoint": authority.token_url,
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
        "scopes_supported": ["system/*.cruds"],
        "code_challenge_methods_supported": ["S256"],
        "capabilities": ["client-confidential-asymmetric", "permission-v1", "permission-v2"],
        "purposes_of_use_supported": sorted(registry.purposes),
    }
