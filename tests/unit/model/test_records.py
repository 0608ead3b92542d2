"""Records are dataclasses in all that this house asks of one."""

import copy
import dataclasses
import pickle
from typing import Any, ClassVar

import pytest

from careloom.model.records import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Point:
    """With defaults of both kinds, a constant, and a field that comparison passes over."""

    x: int
    names: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)
    place: int = field(default=0, compare=False, repr=False)

    kind: ClassVar[str] = "point"

    @property
    def doubled(self) -> int:
        return self.x * 2


@dataclass(frozen=True, slots=True)
class Named(Point):
    """A record that builds on another."""

    name: str = "n"


@dataclass(slots=True)
class Counter:
    """One that changes."""

    count: int = 0
    seen: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Open:
    """One without slots, which may remember more."""

    value: int = 3


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """One that can be sorted."""

    major: int
    minor: int = 0


@dataclass(frozen=True, slots=True)
class Circle:
    """One that works something out of what it is given, and has a field that is only given by name."""

    radius: float
    area: float = field(init=False)
    tags: tuple[str, ...] = field(init=False, default_factory=tuple)
    label: str = field(default="", hash=False, kw_only=True)

    def __post_init__(self) -> None:
        if self.radius < 0:
            raise ValueError(self.radius)
        object.__setattr__(self, "area", 3 * self.radius**2)


def test_what_is_not_given_is_worked_out() -> None:
    circle = Circle(2, label="a")
    assert (circle.area, circle.tags, circle.label) == (12, (), "a")
    assert replace(circle, radius=3).area == dataclasses.replace(circle, radius=3).area == 27
    assert Circle.__match_args__ == ("radius",)
    with pytest.raises(ValueError, match="-1"):
        Circle(-1)


@pytest.mark.parametrize(("given", "named"), [((2, "a"), {}), ((2,), {"area": 1})])
def test_what_is_not_to_be_given_like_that_is_refused(given: tuple[Any, ...], named: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        Circle(*given, **named)


def test_a_field_may_be_compared_without_being_hashed() -> None:
    assert Circle(2, label="a") != Circle(2, label="b")
    assert hash(Circle(2, label="a")) == hash(Circle(2, label="b")) != hash(Circle(3))


def test_fields_are_given_by_place_and_by_name() -> None:
    assert Point(1, ("a",)) == Point(x=1, names=("a",))


def test_each_object_has_a_list_of_its_own() -> None:
    Point(1).notes.append("x")
    assert Point(1).notes == []


@pytest.mark.parametrize("arguments", [(), (1, (), [], 0, 5)])
def test_wrong_arguments_are_refused(arguments: tuple[Any, ...]) -> None:
    with pytest.raises(TypeError):
        Point(*arguments)


def test_comparison_looks_at_class_and_compared_fields() -> None:
    assert Point(1, place=1) == Point(1, place=2)
    assert Point(1) != Point(2)
    assert Point(1) != Named(1)
    assert Point(3) != Counter(3)  # type: ignore[comparison-overlap]


def test_frozen_records_hash_and_do_not_change() -> None:
    assert len({Version(1), Version(1), Version(2)}) == 2
    with pytest.raises(dataclasses.FrozenInstanceError, match="major"):
        Version(1).major = 2  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError, match="value"):
        del Open().value


def test_records_that_change_have_no_hash() -> None:
    counter = Counter()
    counter.count += 1
    assert counter == Counter(1)
    with pytest.raises(TypeError, match="unhashable"):
        hash(counter)


@pytest.mark.parametrize("_", range(2), ids=["first", "again"])
def test_a_replaced_record_is_like_the_first_but_for_what_was_changed(_: int) -> None:
    point = Point(1, ("a",), ["n"], place=7)
    moved = replace(point, x=2, place=8)
    assert (moved.x, moved.names, moved.notes, moved.place) == (2, ("a",), ["n"], 8)
    assert moved.notes is point.notes
    assert (point.x, point.place) == (1, 7)


@pytest.mark.parametrize("record", [Point(1), Circle(1)], ids=["plain", "with a value worked out"])
def test_what_is_no_field_cannot_be_replaced(record: Any) -> None:
    for _ in range(2):
        with pytest.raises(TypeError, match="colour"):
            replace(record, colour="red")


def test_a_replaced_record_is_of_the_same_class() -> None:
    class Undeclared(Point):
        """What only adds behaviour."""

    assert type(replace(Undeclared(1), x=2)) is Undeclared
    assert type(replace(Point(1), x=2)) is Point


def test_inherited_fields_come_first() -> None:
    made = Named(1, ("a",), [], 4, "b")
    assert (made.x, made.place, made.name, made.doubled, made.kind) == (1, 4, "b", 2, "point")


def test_they_are_told_as_they_are_made() -> None:
    assert repr(Named(1)) == "Named(x=1, names=(), notes=[], name='n')"


def test_ordered_records_sort() -> None:
    assert sorted([Version(2), Version(1, 5), Version(1)]) == [Version(1), Version(1, 5), Version(2)]
    assert Version(1) <= Version(1) < Version(1, 1)
    with pytest.raises(TypeError):
        Version(1) < 2  # type: ignore[operator]  # noqa: B015  (what is tested)


@pytest.mark.parametrize("record", [Point(1, ("a",), ["b"], 2), Counter(2, {"a"}), Open(4), Version(1, 2)])
def test_they_travel_and_are_copied(record: Any) -> None:
    assert pickle.loads(pickle.dumps(record)) == record
    assert copy.deepcopy(record) == copy.copy(record) == record


def test_a_changed_copy_keeps_the_rest() -> None:
    assert replace(Named(1, ("a",)), x=2) == Named(2, ("a",)) == dataclasses.replace(Named(1, ("a",)), x=2)


def test_the_standard_library_takes_them_for_its_own() -> None:
    assert dataclasses.is_dataclass(Point)
    assert [one.name for one in dataclasses.fields(Named)] == ["x", "names", "notes", "place", "name"]
    assert dataclasses.asdict(Version(1, 2)) == {"major": 1, "minor": 2}
    match Version(1, 2):
        case Version(1, minor):
            assert minor == 2
        case _:
            pytest.fail("the pattern is to match")


def test_a_slotted_record_has_no_room_for_more() -> None:
    with pytest.raises(AttributeError):
        Counter().other = 1  # type: ignore[attr-defined]


def test_own_methods_stay() -> None:
    @dataclass(frozen=True)
    class Loud:
        value: int

        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return 7

        def __repr__(self) -> str:
            return "LOUD"

    assert (Loud(1) == 2, hash(Loud(1)), repr(Loud(1))) == (True, 7, "LOUD")


def test_the_standard_library_is_told_of_a_class_once() -> None:
    first = dataclasses.fields(Named)
    assert all(one is other for one, other in zip(first, dataclasses.fields(Named), strict=True))
    assert [one.name for one in dataclasses.fields(Point)] == ["x", "names", "notes", "place"]
