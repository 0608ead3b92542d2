"""Snapshots: what a profile says, all in one, made of its base and its differential.

A snapshot is a tree in a list. The generator makes the tree again, walks the differential over it, and writes
the list. Read in this order:

- `complete`: a definition with its snapshot, and where other definitions are found;
- `given`: the snapshot that a definition has, else one that is made;
- `generator`: which base, which differential, and what comes out;
- `shape`: whether a definition is shaped well enough to work with;
- `tree`: a list of element definitions to a tree of nodes and back;
- `walk`: the differential stepping down the tree, which grows by types as far as it is stepped into;
- `slicing`: slices, found or made;
- `merge`: one element definition laid over another;
- `rules`: what a derived element may not do.

Source: https://hl7.org/fhir/R4/profiling.html, https://hl7.org/fhir/R4/elementdefinition.html.
"""

from careloom.definitions.snapshot.complete import Snapshot, Source
from careloom.definitions.snapshot.given import generate

__all__ = ["Snapshot", "Source", "generate"]
