"""Packages over the network: any URL, and the FHIR package registry.

Source: https://registry.fhir.org/learn and the FHIR NPM package specification: ``GET {registry}/{name}`` lists the
versions, ``GET {registry}/{name}/{version}`` is the tgz.
"""

import os
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from http.client import HTTPException, HTTPResponse
from pathlib import Path

from careloom.definitions.cache import PackageId
from careloom.definitions.packages.archive import LARGEST_TOTAL
from careloom.definitions.versions import newest_match
from careloom.model import parse_json
from careloom.model.errors import MalformedError, NotFoundError, NotSupportedError, TooCostlyError, UnavailableError

REGISTRY_VARIABLE = "CARELOOM_FHIR_REGISTRY"
PUBLIC_REGISTRY = "https://packages.fhir.org"
TIMEOUT = 5.0
"""Seconds to wait for a connection, and for each piece of the answer."""

Progress = Callable[[str, int, int], None]
"""Told what is being fetched, how many bytes there are so far, and how many there will be, 0 when unknown."""

_BLOCK = 256 * 1024


class PackageRegistry:
    """A FHIR package registry."""

    def __init__(self, base_url: str | None = None) -> None:
        self.base_url = (base_url or os.environ.get(REGISTRY_VARIABLE) or PUBLIC_REGISTRY).rstrip("/")

    def resolve(self, id: PackageId) -> PackageId:
        """The exact package for a version such as ``4.0.x`` or ``latest``; an exact version is taken as it is.

        Raises:
            NotFoundError: No such package, or none of that version.
            UnavailableError: The registry does not answer.
        """
        if not id.is_open:
            return id
        listing = parse_json(_read(f"{self.base_url}/{id.name}"))
        versions = listing.get("versions") if isinstance(listing, dict) else None
        if not isinstance(versions, dict):
            raise MalformedError(f"{self.base_url}/{id.name}: a list of versions expected")
        found = newest_match(versions, id.version)
        if found is None:
            raise NotFoundError(f"{self.base_url} has no version {id.version} of {id.name}")
        return PackageId(id.name, found)

    def download(self, id: PackageId, target: Path, progress: Progress) -> None:
        """Fetch the tgz of a package; errors as of `download`."""
        download(f"{self.base_url}/{id.name}/{id.version}", target, progress, what=str(id))


def download(url: str, target: Path, progress: Progress, *, what: str) -> None:
    """Fetch a URL into a file.

    Raises:
        NotSupportedError: Neither http nor https.
        NotFoundError: The server says so.
        TooCostlyError: More than a package may have.
        UnavailableError: No answer, a broken one, or an error of the server; names the URL.
    """
    with _open(url) as answer, target.open("wb") as out:
        total = int(answer.headers.get("Content-Length") or 0)
        done = 0
        while block := _next_block(answer, url):
            done += len(block)
            if done > LARGEST_TOTAL:
                raise TooCostlyError(f"{url}: refused, more than {LARGEST_TOTAL} bytes")
            out.write(block)
            progress(what, done, total)
    if total and done < total:
        raise UnavailableError(f"{url}: {total} bytes expected, the connection ended after {done}")


def _read(url: str) -> bytes:
    with _open(url) as answer:
        return b"".join(iter(lambda: _next_block(answer, url), b""))


def _open(url: str) -> HTTPResponse:
    if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
        raise NotSupportedError(f"{url}: an http or https address expected")
    request = urllib.request.Request(url, headers={"Accept": "application/gzip, application/json, */*"})
    try:
        answer: HTTPResponse = urllib.request.urlopen(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code in (404, 410):
            raise NotFoundError(f"{url}: not there ({error.code})") from error
        raise UnavailableError(f"{url}: answered {error.code}") from error
    except (OSError, HTTPException) as error:
        raise UnavailableError(f"{url}: no answer: {getattr(error, 'reason', error)}") from error
    return answer


def _next_block(answer: HTTPResponse, url: str) -> bytes:
    try:
        return answer.read(_BLOCK)
    except (OSError, HTTPException) as error:
        raise UnavailableError(f"{url}: the answer broke off: {error}") from error
