"""Versions of packages and definitions: which is meant, and which is newer."""

from collections.abc import Iterable

VersionOrder = tuple[tuple[int, int, str], ...]


def version_matches(version: str, asked: str) -> bool:
    """Whether a version is the one asked for: equal, or ``1.2`` for ``1.2.x``."""
    return version == asked or version.startswith(f"{asked}.")


def version_order(version: str) -> VersionOrder:
    """A key that sorts versions: numbers as numbers, a label (``1.0.0-ballot``) before the release it leads to."""
    release, mark, label = version.partition("-")
    parts = [(1, int(part), "") if part.isdecimal() else (0, 0, part) for part in release.split(".")]
    return (*parts, (-1, 0, label) if mark else (0, 0, ""))


def newest_match(versions: Iterable[str], asked: str) -> str | None:
    """The newest version that ``latest``, ``4.0.x`` or an exact version is met by; labelled ones only if asked for."""
    if asked == "latest":
        found = [version for version in versions if "-" not in version]
    elif asked.endswith(".x"):
        stem = asked.removesuffix(".x")
        found = [version for version in versions if version_matches(version, stem) and "-" not in version]
    else:
        found = [version for version in versions if version == asked]
    return max(found, key=version_order, default=None)
