"""The folder of one run: keys, secrets, the hub's settings and what each simulated system is told, all made anew."""

import string
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from careloom.connectathon.scenario import Role, Scenario
from careloom.governance.keys import PrivateKey, jwks, new_key
from careloom.model import serialize_json
from careloom.model.errors import InvalidError, NotFoundError
from careloom.model.records import dataclass
from careloom.notify import new_secret

HOST_CLIENT = "connectathon-host"
"""Client id under which the host reads audit records."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where everything is reached.

    Attributes:
        hub_url: Base address of the hub as everyone knows it, which is the recorder's.
        hub_port: Port at which the hub itself listens.
        gateways: Role to the address of its gateway, without a slash at the end.
    """

    hub_url: str
    hub_port: int
    gateways: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Workspace:
    """What was made for a run.

    Attributes:
        host_key: The host's own key.
        settings: The hub's settings file.
        conformance: Resource type to the canonical URLs of the profiles that the hub holds it to.
        simulators: Role to its configuration file.
    """

    folder: Path
    host_key: PrivateKey
    settings: Path
    conformance: Mapping[str, Sequence[str]]
    simulators: Mapping[str, Path]

    def log(self, name: str) -> Path:
        """Where a process writes what it has to say."""
        return self.folder / f"{name}.log"


def prepare(
    folder: Path, scenario: Scenario, profiles: str, addresses: Addresses, words: Mapping[str, str]
) -> Workspace:
    """Make everything that a run needs in an empty folder.

    Args:
        folder: Of the run.
        scenario: What will be played.
        profiles: Name of the set of profiles to put in force.
        addresses: Where everything is reached.
        words: More words for the settings fragments, by name.

    Raises:
        NotFoundError: A fragment is not there, or the set of profiles has no such name.
        InvalidError: A fragment asks for a word that there is not.
    """
    if profiles not in scenario.profiles:
        raise NotFoundError(f"profiles {profiles!r}: {scenario.id} has {', '.join(scenario.profiles)}")
    keys = folder / "keys"
    keys.mkdir(mode=0o700)
    made = {client: _new_key(keys, client) for client in (HOST_CLIENT, *(r.client for r in scenario.simulators))}
    secrets = {role.id: new_secret() for role in scenario.simulators}
    known = {
        "hub_url": addresses.hub_url,
        "hub_port": str(addresses.hub_port),
        "work": str(folder),
        "keys": str(keys),
        "demo": str(scenario.folder),
        **{f"secret_{role.client.replace('-', '_')}": secrets[role.id] for role in scenario.simulators},
        **words,
    }
    settings = folder / "hub.toml"
    fragments = (scenario.settings, *scenario.profiles[profiles])
    settings.write_text("".join(fragment(scenario.folder / name, known) for name in fragments), encoding="utf-8")
    settings.chmod(0o600)
    written = _Written(folder, scenario, addresses, keys)
    return Workspace(
        folder,
        made[HOST_CLIENT],
        settings,
        tomllib.loads(settings.read_text(encoding="utf-8")).get("conformance", {}),
        {role.id: written.configuration(role, secrets[role.id]) for role in scenario.simulators},
    )


def fragment(path: Path, words: Mapping[str, str]) -> str:
    """The text of a settings fragment with its ``${words}`` filled in.

    Raises:
        NotFoundError: There is no such file.
        InvalidError: It asks for a word that there is not.
    """
    try:
        return string.Template(path.read_text(encoding="utf-8")).substitute(words)
    except FileNotFoundError as error:
        raise NotFoundError(f"settings fragment {path}: no such file") from error
    except KeyError as error:
        raise InvalidError(f"{path}: ${{{error.args[0]}}} is not one of {', '.join(words)}") from error
    except ValueError as error:
        raise InvalidError(f"{path}: {error}; a dollar sign is written $$") from error


def _new_key(folder: Path, client: str) -> PrivateKey:
    """Make a client's key: the private half for its system, the public half for the hub."""
    key = new_key(kid=f"{client}-1")
    private = folder / f"{client}.json"
    private.touch(mode=0o600)
    private.write_bytes(serialize_json(key.as_json(), pretty=True))
    (folder / f"{client}.jwks.json").write_bytes(serialize_json(jwks([key.public]), pretty=True))
    return key


@dataclass(frozen=True, slots=True)
class _Written:
    """Writes the configuration of each simulated system."""

    folder: Path
    scenario: Scenario
    addresses: Addresses
    keys: Path

    def configuration(self, role: Role, secret: str) -> Path:
        settings = dict(role.settings or {})
        scope, purpose = settings.pop("scope", ""), settings.pop("purpose", "")
        if "records" in settings:
            settings["records"] = str(self.scenario.folder / settings["records"])
        values = {
            "simulator": role.simulator,
            "client": role.client,
            "hub": self.addresses.hub_url,
            "key": str(self.keys / f"{role.client}.json"),
            "scope": scope,
            "purpose": purpose,
            "storage": str(self.folder / role.id),
            "public_url": self.addresses.gateways[role.id],
            "settings": {**settings, "webhook-secret": secret},
        }
        path = self.folder / f"{role.id}.json"
        path.touch(mode=0o600)
        path.write_bytes(serialize_json(values, pretty=True))
        return path
