"""Entries of a Bundle that the caller wants judged by a profile, told by type, by number, or by both."""

from collections import Counter
from collections.abc import Iterator

from careloom.validation.context import Check, Item, Scope


def check_entry_profiles(scope: Scope, check: Check) -> None:
    """Check the entries that the caller's choices are about, and tell a choice that is about none."""
    if scope.place != "document":
        return
    for rule, profile in check.options.entry_profiles:
        schema = check.library.find_schema(profile)
        chosen = list(_chosen(rule, scope))
        if schema is None:
            check.error("not-found", scope.path, f"the profile {profile} is not in the loaded definitions", "profile")
            continue
        if not chosen:
            check.warning(
                "not-found", scope.path, f"an entry {rule} expected to judge by {profile}, none found", "entry"
            )
        for entry in chosen:
            item = Item(entry.resource, None, str(entry.resource.get("resourceType", "")), entry.path)
            check.run.walker.check_profile(item, schema, check.within(entry))


def _chosen(rule: str, bundle: Scope) -> Iterator[Scope]:
    """``2`` is the third entry, ``Patient`` each entry of that type, ``Patient:0`` the first of them."""
    type, _, number = ("", "", rule) if rule.isdecimal() else rule.partition(":")
    counts: Counter[str] = Counter()
    for place, entry in enumerate(bundle.index.entries):
        name = str(entry.resource.get("resourceType", ""))
        position = counts[name] if type else place
        counts[name] += 1
        if (not type or type == name) and (not number or number == str(position)):
            yield entry
