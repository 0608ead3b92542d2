"""What rows are found by: hashes of texts, and names that numbers stand for; queries and rows agree on them here."""

from careloom.store.hashing import Hash

ANY_SYSTEM = -1
"""System of a token whose system is implied but not known."""


def parameter_name(type: str, parameter: str) -> str:
    """The text under which a parameter of a type has its number."""
    return f"{type}.{parameter}"


def canonical_name(parameter: str) -> str:
    """The same for its quantities in base units."""
    return f"{parameter}~"


def address_hash(hash_of: Hash, address: str) -> int:
    """What stands for ``Type/id`` of a resource, and for what a reference says, be it that or another address."""
    return hash_of(address)


def code_hash(hash_of: Hash, type: str, parameter: str, code: str) -> int:
    """Where tokens with this code are."""
    return hash_of(type, parameter, "code", code)


def exact_hash(hash_of: Hash, exact: str) -> int:
    """What stands for a text as it was written; 0 for the empty one, which marks the parts of a text."""
    return hash_of("exact", exact) if exact else 0


# shapes: what a resource has, for searches by what it has not, and by systems without a code

NO_SHAPE = ","
"""The shape of a deletion."""


def shape_text(atoms: frozenset[str]) -> str:
    """The text whose number is ``version.shape``: the atoms between commas."""
    return "," + "".join(f"{atom}," for atom in sorted(atoms))


def type_atom(type: int) -> str:
    """Says the type, by its number."""
    return f"t{type}"


def system_atom(p: int, system: int) -> str:
    """Says that a parameter has a token of a system, both by their numbers."""
    return f"{p}:{system}"
