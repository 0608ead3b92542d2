"""Bodies as they lie in the database: FHIR JSON, compressed.

The number of the compression dictionary is kept with each body, 0 for none, so that a dictionary trained later needs no
body written anew. Compressors are kept per thread: making one costs more than using it.
"""

import threading

import zstandard

from careloom.model import Resource, parse_resource, serialize_json

PLAIN = 0
"""Compressed without a dictionary."""

_LEVEL = 3


class Bodies(threading.local):
    """Compressor and decompressor of the thread that uses it."""

    def __init__(self) -> None:
        self._compressor = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True)
        self._decompressor = zstandard.ZstdDecompressor()

    def pack(self, resource: Resource) -> tuple[int, bytes]:
        """The dictionary used and the compressed JSON."""
        return PLAIN, self._compressor.compress(serialize_json(resource))

    def unpack(self, dictionary: int, packed: bytes) -> Resource:
        """The resource again, with all its digits."""
        if dictionary != PLAIN:
            raise ValueError(f"body compressed with dictionary {dictionary}, which is not known")
        return parse_resource(self._decompressor.decompress(packed))
