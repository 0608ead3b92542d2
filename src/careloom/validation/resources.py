"""Whole resources: by their type, by the profiles they claim or that apply unasked, and by the rules of their type."""

from collections.abc import Iterable, Iterator
from typing import Any

from careloom.model.errors import DefinitionError, NotFoundError
from careloom.validation.contained import check_contained
from careloom.validation.context import Check, Item, Scope
from careloom.validation.extensions import check_extensions
from careloom.validation.implied import implied_profiles
from careloom.validation.options import is_example_url
from careloom.validation.path import Path
from careloom.validation.profiles import check_schema
from careloom.validation.rules import RULES
from careloom.validation.rules.publication import check_publication
from careloom.validation.schema import Schema
from careloom.validation.structure import check_node


class ResourceWalker:
    """The walks over whole resources; fills the port `careloom.validation.context.Walker`."""

    def check_inner(self, value: Any, path: Path, check: Check) -> None:
        """Check a resource that stands inside the one in question."""
        if not isinstance(value, dict):
            check.error("structure", path, "a resource expected, something else found", "structure")
            return
        scope = check.scope.inner(value, path)
        scope.ids = set()  # it may have been looked at before, and left
        if scope.place == "contained" and not check.options.check_contained:
            return
        check_resource(scope, (), check.within(scope).under(""))

    def check_profile(self, item: Item, schema: Schema, check: Check) -> None:
        """Check an item by what a profile says."""
        check_schema(item, schema, check)

    def conforms(self, scope: Scope, canonical: str, check: Check) -> bool | None:
        """Whether a resource conforms to a profile; None when the profile cannot be had.

        Asked again while it is being found out, which happens where resources refer to each other, it says yes.
        """
        schema = check.library.find_schema(canonical)
        if schema is None:
            return None
        key = (id(scope.resource), canonical)
        if key not in check.run.judged:
            check.run.judged[key] = True
            check.run.judged[key] = _holds(scope, schema, check)
        return check.run.judged[key]


def check_resource(scope: Scope, profiles: Iterable[str], check: Check) -> None:
    """Check a resource by its type, by all profiles that apply to it, and by the rules of its type."""
    resource = scope.resource
    name = resource.get("resourceType")
    if not isinstance(name, str) or not name:
        check.error(
            "invalid", scope.path, "resourceType: the name of a resource type expected, none found", "structure"
        )
        return
    node = check.library.node(name)
    if node is None or node.kind != "resource" or name not in check.library.types.resource_types():
        check.error("invalid", scope.path, f"resourceType: a resource type expected, '{name}' found", "structure")
        return
    check_node(resource, node, scope.path, check)
    item = Item(resource, None, name, scope.path)
    check_extensions(item, check)
    check_contained(scope, check)
    if check.options.refuse_experimental and resource.get("experimental") is True:
        check.error("business-rule", scope.path, "content that is not experimental expected", "experimental")
    check_publication(scope, check)
    skim = check.run.skim
    for schema in applicable_schemas(scope, profiles, check):
        if skim is None or not skim.conforms(schema, item, check):
            check_schema(item, schema, check)
    for rule in RULES.get(name, ()):
        rule(scope, check)


def _holds(scope: Scope, schema: Schema, check: Check) -> bool:
    type = str(scope.resource.get("resourceType", ""))
    if not check.library.types.is_a(type, schema.type):
        return False
    item = Item(scope.resource, None, type, scope.path)
    return check.within(scope).would_hold(lambda aside: check_schema(item, schema, aside))


def applicable_schemas(scope: Scope, profiles: Iterable[str], check: Check) -> Iterator[Schema]:
    """Each profile once: those asked for, which must be there; those claimed; those that apply unasked."""
    found: dict[str, Schema] = {}
    for canonical in profiles:
        schema = check.library.schema(canonical)
        found[schema.canonical] = schema
    for index, canonical in enumerate(_claimed(scope)):
        claimed = _claim(canonical, (((scope.path, "meta"), "profile"), index), scope, check)
        if claimed:
            found.setdefault(claimed.canonical, claimed)
    for canonical in implied_profiles(scope.resource):
        implied = check.library.find_schema(canonical)
        if implied:
            found.setdefault(implied.canonical, implied)
    yield from found.values()


def _claimed(scope: Scope) -> list[str]:
    meta = scope.resource.get("meta")
    profiles = meta.get("profile") if isinstance(meta, dict) else None
    return [one for one in profiles if isinstance(one, str)] if isinstance(profiles, list) else []


def _claim(canonical: str, path: Path, scope: Scope, check: Check) -> Schema | None:
    try:
        schema = check.library.schema(canonical)
    except NotFoundError as error:
        if not (check.options.allow_example_urls and is_example_url(canonical)):
            check.warning("not-found", path, str(error), "profile")
        return None
    except DefinitionError as error:
        check.error("exception", path, f"the profile cannot be used: {error}", "profile")
        return None
    type = str(scope.resource.get("resourceType", ""))
    if not check.library.types.is_a(type, schema.type):
        check.error("structure", path, f"a profile of {type} expected, {canonical} is one of {schema.type}", "profile")
        return None
    return schema
