"""``careloom keys``: key pairs for systems that are to ask a hub for tokens."""

import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from careloom.governance import jwks, new_key, write_private_key
from careloom.model.errors import CareloomError, ConflictError, UnavailableError
from careloom.model.json import serialize_json

COULD_NOT_RUN = 2

app = App(name="keys", help="Make keys for systems that take part.")


@app.command
def new(
    *,
    out: Path,
    algorithm: Literal["ES384", "RS384", "ES256", "PS384"] = "ES384",
    kid: Annotated[str, Parameter(show_default=False)] = "",
) -> int:
    """Make a key pair.

    The private key goes to one file that only its owner may read, the public one, to give away, to a file beside it
    that ends in .jwks.json. Exit code 2: they cannot be written, or are there already.

    Args:
        out: File for the private key.
        algorithm: What the key signs with.
        kid: Name of the key; random unless given.
    """
    public = out.with_suffix(".jwks.json")
    try:
        _write(out, public, algorithm, kid)
    except CareloomError as error:
        print(f"careloom keys new: {error}", file=sys.stderr)
        return COULD_NOT_RUN
    print(f"private key  {out}  (keep it secret)")
    print(f"public key   {public}  (give it to the hub: jwks of a client in its settings)")
    return 0


def _write(private: Path, public: Path, algorithm: str, kid: str) -> None:
    if public.exists():
        raise ConflictError(f"{public}: there is a file of that name, and a key is never overwritten")
    key = new_key(algorithm, kid=kid)
    write_private_key(private, key)
    try:
        public.write_bytes(serialize_json(jwks([key.public]), pretty=True) + b"\n")
    except OSError as error:
        raise UnavailableError(f"{public}: {error.strerror}") from error
