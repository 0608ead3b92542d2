"""Dataclasses that cost next to nothing until they are used.

The decorator of the standard library writes and compiles half a dozen methods for each class when its module is
imported, half a millisecond a class, and brings `inspect` with it. A command that judges one small file imports a
hundred such classes and makes objects of thirty; a hub has five hundred. `dataclass` here has the same meaning, for the
forms that this house uses (frozen, slots, order, defaults, inheritance), and writes ``__init__`` when the first object
is made. Comparison, hash and text are plain functions that all classes share.

Type checkers see the standard library's decorator. `dataclasses.replace`, `fields` and `is_dataclass` work on these
classes, which describe themselves to them when asked; so do pickling and copying.
"""

from collections.abc import Callable, Iterator, Mapping
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar, cast

__all__ = ["dataclass", "field", "replace"]

Values = Callable[[Any], Any]


class _Missing:
    """No default."""


class _Field:
    """One field as its class declares it; filled in when the class is made."""

    __slots__ = ("annotation", "compare", "default", "default_factory", "hash", "init", "kw_only", "name", "repr")

    def __init__(
        self,
        *,
        default: Any = _Missing,
        default_factory: Any = _Missing,
        init: bool = True,
        repr: bool = True,
        hash: bool | None = None,
        compare: bool = True,
        kw_only: bool = False,
    ) -> None:
        self.default = default
        self.default_factory = default_factory
        self.init = init
        self.repr = repr
        self.hash = compare if hash is None else hash
        self.compare = compare
        self.kw_only = kw_only
        self.name = ""
        self.annotation: Any = None


if TYPE_CHECKING:
    from dataclasses import dataclass, field, replace
else:
    field = _Field

    def dataclass(*, frozen: bool = False, slots: bool = False, order: bool = False, eq: bool = True):
        """As `dataclasses.dataclass`, with ``__init__`` written when the first object is made."""
        return lambda cls: _made(cls, frozen=frozen, slots=slots, order=order, eq=eq)

    def replace(obj, /, **changes):
        """As `dataclasses.replace`."""
        return obj._record_replaced(changes)


def _made(cls: type, *, frozen: bool, slots: bool, order: bool, eq: bool) -> type:
    """The class with the methods of a dataclass; slots need another class of the same name."""
    own = dict(_own_fields(cls))
    inherited: dict[str, _Field] = getattr(cls, "_record_fields", {})
    fields = {**inherited, **own}
    positional = tuple(name for name, one in fields.items() if one.init and not one.kw_only)
    space = {name: value for name, value in cls.__dict__.items() if name not in ("__dict__", "__weakref__")}
    for name, one in own.items():
        space.pop(name, None)
        if not slots and one.default is not _Missing:
            space[name] = one.default
    if slots:
        space["__slots__"] = tuple(name for name in own if name not in inherited)
    space |= {"__qualname__": cls.__qualname__, "__match_args__": positional, "_record_fields": fields}
    space |= {"__dataclass_fields__": _DESCRIBED_FIELDS, "__dataclass_params__": _DESCRIBED_PARAMS}
    if space.get("__hash__", _Missing) is None:  # which Python puts there when a class defines __eq__
        del space["__hash__"]
    methods = dict(_methods(fields, frozen=frozen, slots=slots, order=order, eq=eq))
    made = type(cls)(cls.__name__, cls.__bases__, methods | space)
    if "__init__" not in cls.__dict__:
        made.__init__ = _first_init(made, frozen=frozen, slots=slots)  # type: ignore[misc]
    is_plain = frozen and slots and "__init__" not in cls.__dict__ and not hasattr(cls, "__post_init__")
    is_plain = is_plain and all(one.init for one in fields.values())
    cast(Any, made)._record_replaced = _first_replaced(made) if is_plain else _made_again
    return made


def _own_fields(cls: type) -> Iterator[tuple[str, _Field]]:
    for name, annotation in cls.__annotations__.items():  # of this class alone, as Python has it from 3.10 on
        if getattr(annotation, "__origin__", None) is ClassVar:
            continue
        declared = cls.__dict__.get(name, _Missing)
        one = declared if isinstance(declared, _Field) else _Field(default=declared)
        one.name, one.annotation = name, annotation
        yield name, one


def _methods(
    fields: Mapping[str, _Field], *, frozen: bool, slots: bool, order: bool, eq: bool
) -> Iterator[tuple[str, Any]]:
    shown = [name for name, one in fields.items() if one.repr]
    values = _values([name for name, one in fields.items() if one.compare])
    yield "__repr__", _repr(shown)
    if eq:
        yield "__eq__", _eq(values)
        yield "__hash__", _hash(_values([name for name, one in fields.items() if one.hash])) if frozen else None
    if order:
        yield from _orders(values)
    if frozen:
        yield "__setattr__", _refuse_to_set
        yield "__delattr__", _refuse_to_delete
    if frozen and slots:
        yield "__reduce__", _reduce([name for name, one in fields.items() if one.init])


def _first_init(cls: type, *, frozen: bool, slots: bool) -> Any:
    """An ``__init__`` that writes the real one, puts it in its place, and calls it."""

    def init(self: Any, *args: Any, **named: Any) -> None:
        fields: dict[str, _Field] = cast(Any, cls)._record_fields
        written = _written_init(cls, list(fields.values()), frozen=frozen, slots=slots)
        cls.__init__ = written  # type: ignore[misc]
        written(self, *args, **named)

    return init


def _written_init(cls: type, fields: list[_Field], *, frozen: bool, slots: bool) -> Any:
    """An ``__init__`` as one would write it by hand; frozen fields are set past the class's own ``__setattr__``."""
    known: dict[str, Any] = {"_Missing": _Missing}
    parameters: list[str] = []
    named: list[str] = []
    lines: list[str] = []
    for number, one in enumerate(fields):
        value, default = one.name, ""
        if one.default_factory is not _Missing:
            known[f"make{number}"] = one.default_factory
            value = f"make{number}() if {one.name} is _Missing else {one.name}" if one.init else f"make{number}()"
            default = "=_Missing"
        elif one.default is not _Missing:
            known[f"default{number}"] = one.default
            value = one.name if one.init else f"default{number}"
            default = f"=default{number}"
        elif not one.init:
            continue  # which `__post_init__` sets
        if one.init:
            (named if one.kw_only else parameters).append(one.name + default)
        if not frozen:
            lines.append(f"self.{one.name} = {value}")
        elif slots:
            known[f"set{number}"] = getattr(cls, one.name).__set__
            lines.append(f"set{number}(self, {value})")
        else:
            lines.append(f"self.__dict__[{one.name!r}] = {value}")
    if hasattr(cls, "__post_init__"):
        lines.append("self.__post_init__()")
    listed = ", ".join(["self", *parameters, *(["*", *named] if named else [])])
    source = f"def __init__({listed}):\n    " + ("\n    ".join(lines) or "pass")
    exec(compile(source, f"<record {cls.__qualname__}>", "exec"), known)
    known["__init__"].__qualname__ = f"{cls.__qualname__}.__init__"
    return known["__init__"]


def _made_again(self: Any, changes: Mapping[str, Any]) -> Any:
    """The object made again, of its values and some others."""
    values = {name: getattr(self, name) for name, one in self._record_fields.items() if one.init}
    return self.__class__(**{**values, **changes})


def _first_replaced(cls: type) -> Any:
    """What writes a copier of plain values, puts it in its place, and calls it."""

    def replaced(self: Any, changes: Mapping[str, Any]) -> Any:
        cast(Any, cls)._record_replaced = written = _written_replaced(cls)
        return written(self, changes)

    return replaced


def _written_replaced(cls: type) -> Any:
    """Copies field by field, which takes a third of the time of making an object of as many arguments."""
    names: list[str] = [*cast(Any, cls)._record_fields]
    setters = {name: getattr(cls, name).__set__ for name in names}
    known: dict[str, Any] = {"new": object.__new__, "setters": setters, "made_again": _made_again}
    known |= {f"set{number}": setters[name] for number, name in enumerate(names)}
    lines = [
        "if not changes.keys() <= setters.keys(): return made_again(self, changes)  # which says what is wrong",
        "made = new(self.__class__)",
        *(f"set{number}(made, self.{name})" for number, name in enumerate(names)),
        "for name in changes: setters[name](made, changes[name])",
        "return made",
    ]
    exec(
        compile("def replaced(self, changes):\n    " + "\n    ".join(lines), f"<record {cls.__qualname__}>", "exec"),
        known,
    )
    return known["replaced"]


def _values(names: list[str]) -> Values:
    """What gives the values of these fields of an object, to be compared."""
    return attrgetter(*names) if names else lambda _: ()


def _repr(names: list[str]) -> Any:
    def text(self: Any) -> str:
        told = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"{self.__class__.__qualname__}({told})"

    return text


def _eq(values: Values) -> Any:
    def equal(self: Any, other: object) -> bool:
        return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

    return equal


def _hash(values: Values) -> Any:
    def hashed(self: Any) -> int:
        return hash(values(self))

    return hashed


def _orders(values: Values) -> Iterator[tuple[str, Any]]:
    for name in ("__lt__", "__le__", "__gt__", "__ge__"):

        def compare(self: Any, other: object, name: str = name) -> Any:
            return getattr(values(self), name)(values(other)) if other.__class__ is self.__class__ else NotImplemented

        yield name, compare


def _refuse_to_set(self: Any, name: str, value: Any) -> None:
    raise _frozen(f"cannot assign to field {name!r}")


def _refuse_to_delete(self: Any, name: str) -> None:
    raise _frozen(f"cannot delete field {name!r}")


def _frozen(message: str) -> Exception:
    from dataclasses import FrozenInstanceError  # noqa: PLC0415  (what this module is there to put off)

    return FrozenInstanceError(message)


def _reduce(names: list[str]) -> Any:
    """How to pickle and copy: by making the object again of the values of its fields."""
    values = _values(names)
    is_one = len(names) == 1  # of which the getter gives the value itself

    def reduced(self: Any) -> tuple[Any, ...]:
        return self.__class__, (values(self),) if is_one else values(self)

    return reduced


class _Described:
    """What the standard library asks of a dataclass, taken from a twin of the class that it makes itself."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, instance: object, owner: Any) -> Any:
        """The attribute of the twin."""
        from dataclasses import field, make_dataclass  # noqa: PLC0415  (as above)

        fields = []
        for one in owner._record_fields.values():
            told = {"default": one.default, "default_factory": one.default_factory}
            given: Any = {key: value for key, value in told.items() if value is not _Missing}
            given |= {"init": one.init, "repr": one.repr, "hash": one.hash, "compare": one.compare}
            fields.append((one.name, one.annotation, field(kw_only=one.kw_only, **given)))
        frozen = owner.__setattr__ is _refuse_to_set
        twin = make_dataclass(owner.__name__, fields, frozen=frozen)
        for name in ("__dataclass_fields__", "__dataclass_params__"):
            setattr(owner, name, getattr(twin, name))  # made once, and from here on the class's own
        return getattr(twin, self._name)


_DESCRIBED_FIELDS = _Described("__dataclass_fields__")
_DESCRIBED_PARAMS = _Described("__dataclass_params__")
