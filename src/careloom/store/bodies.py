"""Bodies as they lie in the database: FHIR JSON, compressed with what bodies of its type have in common.

What the version says already (id, version id, instant) is left out of the body and put back by
`careloom.store.recording.stamped`; beside being there twice, it is what compresses worst.

The number of the compression dictionary is kept with each body, 0 for none, so that a dictionary trained later needs no
body written anew. Compressors are kept per thread: making one costs more than using it.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import zstandard

from careloom.model import Resource, parse_resource, serialize_json
from careloom.model.records import dataclass, field
from careloom.store.recording import unstamped

PLAIN = 0
"""Compressed without a dictionary."""

FIRST_AFTER = 200
"""Bodies of a type from which its first dictionary is made."""

AGAIN_AFTER = 50_000
"""Bodies after which it is made anew from the latest."""

_LEVEL = 3
_FEW = 8
_SIZE = 16 * 1024
_SEGMENT, _MATCH = 1_000, 6
"""Parameters k and d of zstd's cover algorithm; told so that it does not try out all others."""


@dataclass(slots=True)
class Dictionaries:
    """The compression dictionaries that are known, shared by all threads.

    Attributes:
        by_number: The bytes of each.
        by_type: Number of the newest for each resource type.
        packed: Bodies of each type packed since its newest was made, or was begun.
        load: Fetches one that another process has trained; raises KeyError where there is none.
    """

    by_number: dict[int, bytes] = field(default_factory=dict)
    by_type: dict[str, int] = field(default_factory=dict)
    packed: Counter[str] = field(default_factory=Counter)
    load: Callable[[int], bytes] = field(default=lambda number: {}[number])
    _due: dict[str, None] = field(default_factory=dict)

    def add(self, number: int, type: str, content: bytes) -> None:
        """Compress bodies of a type with this dictionary from now on."""
        self.by_number[number] = content
        self.by_type[type] = max(number, self.by_type.get(type, 0))
        self.begin(type)

    def count(self, type: str) -> None:
        """Count one more body of a type, on whatever thread."""
        bodies = self.packed[type] = self.packed[type] + 1
        if bodies >= (AGAIN_AFTER if type in self.by_type else FIRST_AFTER):
            self._due[type] = None

    def due(self) -> str:
        """A type that has had enough bodies for a dictionary, or for a newer one; empty if none has."""
        return next(iter(self._due), "") if self._due else ""

    def begin(self, type: str) -> int:
        """Count bodies of a type anew; how many there were."""
        bodies, self.packed[type] = self.packed[type], 0
        self._due.pop(type, None)
        return bodies

    def content(self, number: int) -> bytes:
        """The bytes of one."""
        if number not in self.by_number:
            self.by_number[number] = self.load(number)
        return self.by_number[number]


class Bodies(threading.local):
    """Compressors and decompressors of the thread that uses it.

    Args:
        dictionaries: Those known, the same for all threads.
    """

    def __init__(self, dictionaries: Dictionaries) -> None:
        self.dictionaries = dictionaries  # called anew in each thread, always with what the first was given
        self._compressors: dict[int, zstandard.ZstdCompressor] = {}
        self._decompressors: dict[int, zstandard.ZstdDecompressor] = {}

    def pack(self, resource: Resource) -> tuple[int, bytes]:
        """The dictionary used and the compressed JSON."""
        return self.pack_text(resource["resourceType"], serialize_json(unstamped(resource)))

    def pack_text(self, type: str, body: bytes) -> tuple[int, bytes]:
        """The dictionary used for a body of a type, and the compressed JSON."""
        number = self._number(type)
        return number, self.pack_with(number, body)

    def pack_texts(self, bodies: Sequence[tuple[str, bytes]]) -> list[tuple[int, bytes]]:
        """The same of many, each with its type.

        A compressor lets go of the interpreter for two microseconds' work, and where threads are busy another has taken
        it by then. So those with one dictionary are compressed by one call, unless they are few: that call makes ready
        as much as eight bodies cost.
        """
        packed = [(PLAIN, b"")] * len(bodies)
        places: dict[int, list[int]] = {}
        for place, (type, _) in enumerate(bodies):
            places.setdefault(self._number(type), []).append(place)
        for number, some in places.items():
            contents = self._pack_together(number, [bodies[place][1] for place in some])
            for place, content in zip(some, contents, strict=True):
                packed[place] = number, content
        return packed

    def _pack_together(self, number: int, bodies: list[bytes | bytearray | memoryview]) -> Iterable[bytes]:
        compressor = self._compressor(number)
        if len(bodies) < _FEW:
            return map(compressor.compress, bodies)
        segments = compressor.multi_compress_to_buffer(bodies)
        return (segments[index].tobytes() for index in range(len(bodies)))

    def pack_with(self, number: int, body: bytes) -> bytes:
        """A body compressed with one dictionary."""
        return self._compressor(number).compress(body)

    def unpack(self, number: int, packed: bytes) -> Resource:
        """The resource again, with all its digits."""
        return parse_resource(self.unpack_text(number, packed))

    def unpack_text(self, number: int, packed: bytes) -> bytes:
        """The JSON of a body."""
        decompressor = self._decompressors.get(number)
        if decompressor is None:
            decompressor = self._decompressors[number] = zstandard.ZstdDecompressor(dict_data=self._dictionary(number))
        return decompressor.decompress(packed)

    def _number(self, type: str) -> int:
        """The dictionary for one more body of a type."""
        self.dictionaries.count(type)
        return self.dictionaries.by_type.get(type, PLAIN)

    def _compressor(self, number: int) -> zstandard.ZstdCompressor:
        known = self._compressors.get(number)
        if known is None:
            dictionary = self._dictionary(number)
            if dictionary is not None:
                dictionary.precompute_compress(level=_LEVEL)  # or else each call would read it anew
            known = self._compressors[number] = zstandard.ZstdCompressor(
                level=_LEVEL, dict_data=dictionary, write_checksum=True, write_dict_id=False
            )
        return known

    def _dictionary(self, number: int) -> zstandard.ZstdCompressionDict | None:
        if number == PLAIN:
            return None
        try:
            return zstandard.ZstdCompressionDict(self.dictionaries.content(number))
        except KeyError as error:
            raise ValueError(f"body compressed with dictionary {number}, which is not known") from error


def trained(samples: list[bytes]) -> bytes | None:
    """A dictionary of what bodies have in common; None where they have too little for one."""
    try:
        return zstandard.train_dictionary(_SIZE, [*samples], k=_SEGMENT, d=_MATCH, level=_LEVEL).as_bytes()
    except zstandard.ZstdError:
        return None
