"""Where references may lead, by the type of what they point at."""

from careloom.model import Resource
from careloom.validation.context import Item
from careloom.validation.path import Path
from careloom.validation.quick.asking import is_quiet
from careloom.validation.quick.check import QuickCheck
from careloom.validation.quick.formats import Memory, is_relative
from careloom.validation.references import check_targets, is_type_url
from careloom.validation.resolution import resolve
from careloom.validation.schema import TypeRule


class Targets(set[str]):
    """The types of resource that references in one place may point at, as far as they have been met.

    Attributes:
        is_by_type: Whether nothing but the type of what is pointed at matters.
    """

    def __init__(self, rules: tuple[TypeRule, ...]) -> None:
        super().__init__()
        self._rules = rules
        self.is_by_type = not any(rule.aggregation or not all(map(is_type_url, rule.targets)) for rule in rules)

    def is_fine(self, value: Resource, path: Path, check: QuickCheck) -> bool:
        """Ask whether a Reference points at something allowed here; the type of what it points at is remembered."""
        text = value.get("reference")
        if text is None:
            return True
        type = self._type_of(text, check)
        is_bare = "type" not in value  # or what it says of its target might not be so
        if type in self and is_bare:
            return True
        before = len(check.issues)
        check_targets(Item(value, None, "Reference", path), self._rules, check)
        if type and is_bare and len(check.issues) == before:
            self.add(type)
        return is_quiet(check, before)

    def _type_of(self, text: str, check: QuickCheck) -> str:
        """The type that settles the question; empty where it takes more than that."""
        if check.is_alone:
            relative = is_relative(text)
            return relative[1] if relative else ""
        target = resolve(text, check.scope, check) if self.is_by_type else None
        return str(target.scope.resource.get("resourceType", "")) if target and target.scope else ""


class PlainReferences(Memory):
    """Texts of references of the form ``Type/id``, to types that one place allows."""

    def __init__(self, rules: tuple[TypeRule, ...], targets: Targets) -> None:
        super().__init__()
        self._targets = targets

    def is_plain(self, value: Resource, check: QuickCheck) -> bool:
        """Whether a Reference is nothing but a text that leads to what it may lead to, or nowhere."""
        if len(value) != 1:
            return False
        text = value.get("reference", "")
        if check.is_alone:
            return self._leads_nowhere(text)
        scope = check.scope
        if scope.place != "entry" or scope.outer is None or not self._targets.is_by_type:
            return False
        return text.isprintable() and scope.outer.index.type_at(text, scope) in self._targets

    def _leads_nowhere(self, text: str) -> bool:
        relative = is_relative(text)
        if relative is None or relative[1] not in self._targets:
            return False
        self.learn(text)
        return True
