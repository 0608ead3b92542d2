"""Reads a scenario: one YAML file that a clinician can read, found consistent before anything is played.

::

    id, title, version, story
    profiles   sets of profiles to judge by: name -> settings fragments
    roles      id -> title, and either ``hub`` (its settings) or ``simulator`` with its client
    steps      in order, each with
        say        what happens, in plain words
        do         who acts: ``ask`` a simulator, ``extend`` the hub's settings, ``replay`` an exchange
        expect     exchanges that must be seen, each before a deadline, and what must hold for them
        check      what must hold over exchanges already seen

`docs/connectathon.md` describes every key.
"""

from collections.abc import Mapping
from pathlib import Path

from careloom.connectathon.assertions import read_assertions
from careloom.connectathon.pattern import read_pattern
from careloom.connectathon.reading import Place, read_yaml
from careloom.connectathon.scenario import (
    Action,
    Ask,
    Check,
    Count,
    Expectation,
    Extend,
    Replay,
    Review,
    Role,
    Scenario,
    Step,
)
from careloom.model.errors import NotFoundError, UnavailableError


def load_scenario(path: Path) -> Scenario:
    """Read a scenario file.

    Raises:
        NotFoundError: There is no such file.
        UnavailableError: The file cannot be read.
        MalformedError: It is not YAML.
        InvalidError: It is not a scenario; names file, line and path.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise NotFoundError(f"scenario {path}: no such file") from error
    except (OSError, UnicodeDecodeError) as error:
        raise UnavailableError(f"scenario {path} cannot be read: {error}") from error
    return read_scenario(text, file=str(path), folder=path.resolve().parent)


def read_scenario(text: str, *, file: str, folder: Path) -> Scenario:
    """Read a scenario from YAML text; errors as `load_scenario`."""
    root = read_yaml(text, file)
    members = root.mapping(required=("id", "title", "version", "story", "profiles", "roles", "steps"))
    names = _Names(root)
    hub_settings, roles = _roles(members["roles"], names)
    profiles = members["profiles"].mapping(optional=None)
    return Scenario(
        id=members["id"].text(),
        title=members["title"].text(),
        version=members["version"].text(),
        story=members["story"].text(),
        folder=folder,
        settings=hub_settings,
        profiles={name: tuple(item.text() for item in place.items()) for name, place in profiles.items()},
        roles=roles,
        steps=tuple(_step(place, names) for place in members["steps"].items()),
    )


class _Names:
    """What has a name so far: a scenario may only speak of what it introduced before."""

    def __init__(self, root: Place) -> None:
        self.root = root
        self.roles: set[str] = set()
        self.simulators: set[str] = set()
        self.steps: set[str] = set()
        self.exchanges: set[str] = set()

    def exchange(self, place: Place) -> str:
        name = place.text()
        if name not in self.exchanges:
            place.complain(f"no exchange was named {name!r} before; named so far: {_listed(self.exchanges)}")
        return name

    def simulator(self, place: Place) -> str:
        name = place.text()
        if name not in self.simulators:
            place.complain(f"no simulated role {name!r}; there are: {_listed(self.simulators)}")
        return name


def _roles(place: Place, names: _Names) -> tuple[str, tuple[Role, ...]]:
    hubs: list[str] = []
    roles: list[Role] = []
    for id, member in place.mapping(optional=None).items():
        keys = member.mapping(required=("title",), optional=("does", "hub", "simulator", "client", "settings"))
        if ("hub" in keys) == ("simulator" in keys):
            member.complain("either hub or simulator is expected")
        roles.append(_hub(id, keys) if "hub" in keys else _simulator(id, member, keys))
        hubs += [keys["hub"].text()] if "hub" in keys else []
    if len(hubs) != 1:
        place.complain(f"one role with hub expected, found {len(hubs)}")
    names.roles = {role.id for role in roles}
    names.simulators = {role.id for role in roles if role.kind == "simulator"}
    return hubs[0], tuple(roles)


def _hub(id: str, keys: Mapping[str, Place]) -> Role:
    return Role(id, keys["title"].text(), "hub", does=_optional(keys, "does"))


def _simulator(id: str, place: Place, keys: Mapping[str, Place]) -> Role:
    if "client" not in keys:
        place.complain("client is missing")
    settings = keys["settings"].mapping(optional=None) if "settings" in keys else {}
    return Role(
        id,
        keys["title"].text(),
        "simulator",
        does=_optional(keys, "does"),
        simulator=keys["simulator"].text(),
        client=keys["client"].text(),
        settings={name: value.text() for name, value in settings.items()},
    )


def _step(place: Place, names: _Names) -> Step:
    keys = place.mapping(required=("id", "say"), optional=("do", "expect", "check"))
    id = keys["id"].text()
    if id in names.steps:
        keys["id"].complain(f"another step is {id!r} already")
    names.steps.add(id)
    actions = tuple(_action(item, names) for item in _items(keys, "do"))
    expectations = tuple(_expectation(item, names) for item in _items(keys, "expect"))
    checks = tuple(_check(item, names) for item in _items(keys, "check"))
    if not expectations and not checks:
        place.complain("a step must say what has to be true: expect or check is missing")
    return Step(id, keys["say"].text(), actions, expectations, checks)


def _action(place: Place, names: _Names) -> Action:
    keys = place.mapping(optional=("ask", "to", "with", "extend", "replay"))
    if "ask" in keys and "to" in keys:
        arguments = keys["with"].mapping(optional=None) if "with" in keys else {}
        texts = {name: value.text() for name, value in arguments.items()}
        return Ask(names.simulator(keys["ask"]), keys["to"].text(), texts)
    if set(keys) == {"extend"}:
        return Extend(keys["extend"].text())
    if set(keys) == {"replay"}:
        return Replay(names.exchange(keys["replay"]))
    place.complain("one of: ask with to, extend, replay expected")


def _expectation(place: Place, names: _Names) -> Expectation:
    keys = place.mapping(
        required=("text", "from", "to", "request"), optional=("as", "within", "status", "fragment", "holds")
    )
    name = _optional(keys, "as")
    if name in names.exchanges:
        keys["as"].complain(f"another exchange is named {name!r} already")
    holds = read_assertions(keys, known=names.exchange)
    if not holds:
        place.complain("status or holds is missing: what must be true of the exchange?")
    if name:
        names.exchanges.add(name)
    within = keys["within"].seconds() if "within" in keys else 10.0
    return Expectation(name, keys["text"].text(), read_pattern(keys, names.roles), within, holds)


def _check(place: Place, names: _Names) -> Check:
    keys = place.mapping(required=("text",), optional=("count", "is", "since", "settle", "exchange", "status", "holds"))
    if "exchange" in keys:
        holds = read_assertions(keys, known=names.exchange)
        if not holds:
            place.complain("status or holds is missing: what must be true of the exchange?")
        return Review(keys["text"].text(), names.exchange(keys["exchange"]), holds)
    if not {"count", "is", "since"} <= set(keys):
        place.complain("either exchange, or count with is and since, expected")
    pattern = keys["count"].mapping(required=("from", "to", "request"), optional=("fragment",))
    settle = keys["settle"].seconds() if "settle" in keys else 0.0
    return Count(
        keys["text"].text(),
        read_pattern(pattern, names.roles),
        keys["is"].number(),
        names.exchange(keys["since"]),
        settle,
    )


def _items(keys: Mapping[str, Place], name: str) -> tuple[Place, ...]:
    return tuple(keys[name].items()) if name in keys else ()


def _optional(keys: Mapping[str, Place], name: str) -> str:
    return keys[name].text() if name in keys else ""


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "none"
