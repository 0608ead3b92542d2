from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from careloom.governance import Folding, jwks, new_key
from careloom.model.errors import InvalidError, MalformedError, UnavailableError
from careloom.model.json import serialize_json
from careloom.notify import STANDARD_TOPICS, RetryPolicy, new_secret
from careloom.rest.hub import Limits
from careloom.settings import OVERRIDES, Settings, load_settings
from careloom.settings.definitions import CORE_PACKAGE
from careloom.terminology.sources import ServerSource, TerminologySources

KEY = new_key("ES384", kid="k1")

FULL = """
[hub]
base_url = "http://127.0.0.1:8080/fhir/"
host = "0.0.0.0"
port = 9090
database = "data/hub.db"
tenant = "north-locality"
key_file = "/etc/careloom/hub-key.json"
time_zone = "UTC"
purposes = ["TREAT", "COC"]

[limits]
body = 1000000

[definitions]
packages = ["hl7.fhir.r4.core@4.0.1", "fhir.r4.ukcore.stu2@2.0.1"]
directories = ["profiles"]

[conformance]
Patient = ["https://careloom.example/StructureDefinition/LocalityPatient"]

[[organisations]]
id = "acute"
name = "Acute Hospital"
ods_code = "RXX"

[[organisations]]
id = "gp"
name = "Practice"

[[clients]]
id = "gp-app"
organisation = "gp"
name = "Practice record"
jwks = "gp.jwks.json"
scopes = ["system/Patient.rs", "system/Composition.read"]

[[agreements]]
id = "letters"
title = "Letters to the practice"
parties = ["acute", "gp"]
grantees = ["gp"]
interactions = ["read", "search"]
types = ["Composition", "Patient"]
purposes = ["TREAT"]
start = 2026-01-01
end = 2026-12-31

[[topics]]
url = "https://careloom.example/SubscriptionTopic/results"
title = "A result is final"
event_type = "north-result-1"
resource = "Observation"
current = "status=final"

[notify]
allow_endpoints = ["127.0.0.1"]
retry_base = 0.1
retry_budget = 60

[audit]
site = "North Locality"
refusals = 3
refusal_window = 60
"""

SMALL = """
[hub]
base_url = "https://hub.example/fhir"
"""


@pytest.fixture(autouse=True)
def public_key(tmp_path: Path) -> Path:
    path = tmp_path / "gp.jwks.json"
    path.write_bytes(serialize_json(jwks([KEY.public])))
    return path


def load(folder: Path, text: str, environ: dict[str, str] | None = None) -> Settings:
    file = folder / "careloom.toml"
    file.write_text(text, "utf-8")
    return load_settings(file, environ or {})


def complaints(folder: Path, text: str, environ: dict[str, str] | None = None) -> list[str]:
    """What is wrong, each without the name of the file that it begins with."""
    with pytest.raises(InvalidError) as refused:
        load(folder, text, environ)
    told = [issue.diagnostics for issue in refused.value.issues]
    start = f"{folder / 'careloom.toml'}: "
    assert all(each.startswith(start) for each in told)
    return [each.removeprefix(start) for each in told]


def test_a_full_file_is_read(tmp_path: Path) -> None:
    settings = load(tmp_path, FULL)
    assert settings.hub.base_url == "http://127.0.0.1:8080/fhir"
    assert (settings.hub.host, settings.hub.port, settings.hub.tenant) == ("0.0.0.0", 9090, "north-locality")
    assert settings.hub.purposes == {"TREAT", "COC"}
    assert settings.limits.body == 1_000_000
    assert settings.definitions.packages == ("hl7.fhir.r4.core@4.0.1", "fhir.r4.ukcore.stu2@2.0.1")
    assert settings.conformance == {"Patient": ("https://careloom.example/StructureDefinition/LocalityPatient",)}
    assert settings.organisations[0].ods_code == "RXX"
    assert [(topic.event, topic.resources) for topic in settings.topics] == [("north-result-1", ("Observation",))]
    assert settings.notify.retry.base == 0.1
    assert settings.notify.retry.budget == timedelta(minutes=1)
    assert [str(network) for network in settings.notify.endpoints.allowed] == ["127.0.0.1/32"]
    assert settings.audit.site == "North Locality"
    assert settings.audit.folding == Folding(refusals=3, seconds=60.0)


TERMINOLOGY = """
[terminology]
store = "codes"
supplements = ["http://supplement.test/s"]

[terminology.server]
base_url = "https://tx.test/fhir"
timeout = 2
cache = "var/answers.db"
token_url = "https://tx.test/token"
client_id = "careloom"
client_secret_file = "tx.secret"
scope = "system/*.read"
"""


def test_terminology_is_read_with_the_secret_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "tx.secret").write_text("s3cret\n")
    assert load(tmp_path, SMALL + TERMINOLOGY).terminology == TerminologySources(
        tmp_path / "codes",
        ServerSource(
            "https://tx.test/fhir",
            2.0,
            tmp_path / "var" / "answers.db",
            "https://tx.test/token",
            "careloom",
            "s3cret",
            "system/*.read",
        ),
        ("http://supplement.test/s",),
    )


def test_no_terminology_server_is_asked_unless_it_is_named(tmp_path: Path) -> None:
    assert load(tmp_path, SMALL).terminology == TerminologySources()


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("client_secret_file", "client_sceret_file", "terminology.server.client_secret: expected, found nothing"),
        (
            '"tx.secret"',
            '"nowhere"',
            "terminology.server.client_secret_file: {folder}/nowhere cannot be read: No such file or directory",
        ),
        (
            '"https://tx.test/token"',
            '"http://tx.test/token"',
            "terminology.server.token_url: http://tx.test/token: https expected, since credentials are sent there",
        ),
        (
            'base_url = "https://tx.test/fhir"\n',
            "",
            "terminology.server.base_url: expected, found nothing",
        ),
        ("timeout = 2", "timeout = 0", "terminology.server.timeout: a number of seconds expected, found the number 0"),
        ("store =", "stroe =", "terminology.stroe: no such setting; did you mean 'store'?"),
        ('"http://supplement.test/s"', '"s"', "terminology.supplements: canonical URLs of supplements expected"),
    ],
)
def test_what_is_wrong_with_terminology_is_told(tmp_path: Path, before: str, after: str, told: str) -> None:
    assert before in TERMINOLOGY
    (tmp_path / "tx.secret").write_text("s3cret")
    found = complaints(tmp_path, SMALL + TERMINOLOGY.replace(before, after))
    assert any(each.startswith(told.format(folder=tmp_path)) for each in found), found


def test_the_registry_is_that_of_the_file(tmp_path: Path) -> None:
    known = load(tmp_path, FULL).registry()
    client = known.client("gp-app")
    assert client is not None
    assert client.keys == (KEY.public,)
    assert str(client.scopes) == "system/Composition.rs system/Patient.rs"
    assert [each.id for each in known.agreements_of("gp")] == ["letters"]
    assert known.agreements_of("acute") == ()


def test_client_may_have_a_purpose_for_when_it_states_none(tmp_path: Path) -> None:
    named = FULL.replace('name = "Practice record"', 'name = "Practice record"\npurpose = "TREAT"')
    client = load(tmp_path, named).registry().client("gp-app")
    assert client is not None and client.purpose == "TREAT"
    without = load(tmp_path, FULL).registry().client("gp-app")
    assert without is not None and not without.purpose


def test_the_example_in_the_documentation_is_good_settings(tmp_path: Path, public_key: Path) -> None:
    page = Path(__file__).parents[2] / "docs" / "settings.md"
    example = page.read_text("utf-8").split("```toml\n")[1].split("```")[0]
    (tmp_path / "keys").mkdir()
    public_key.rename(tmp_path / "keys" / "practice-system.jwks.json")
    (tmp_path / "keys" / "practice-system.secret").write_text(new_secret())
    for secret in ("ontology.secret", "mesh.password", "mesh.key"):
        (tmp_path / "keys" / secret).write_text("secret")
    settings = load(tmp_path, example)
    assert settings.limits == Limits()
    assert settings.notify.retry == RetryPolicy()
    assert [each.parameter for each in settings.topics[0].filters] == ["patient"]


def test_an_address_is_enough(tmp_path: Path) -> None:
    settings = load(tmp_path, SMALL)
    assert (settings.hub.host, settings.hub.port) == ("127.0.0.1", 8080)
    assert settings.definitions.packages == (CORE_PACKAGE,)
    assert settings.topics == STANDARD_TOPICS
    assert settings.registry().purposes == {"TREAT"}
    assert settings.notify.endpoints.allowed == ()


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    settings = load(tmp_path, FULL)
    assert settings.hub.database == tmp_path / "data" / "hub.db"
    assert settings.definitions.directories == (tmp_path / "profiles",)
    assert settings.hub.key_file == Path("/etc/careloom/hub-key.json")


def test_both_days_of_an_agreement_count(tmp_path: Path) -> None:
    (agreement,) = load(tmp_path, FULL).agreements
    assert agreement.start == datetime(2026, 1, 1, tzinfo=UTC)
    assert agreement.end == datetime(2027, 1, 1, tzinfo=UTC)


def test_there_are_pages_unless_they_are_switched_off(tmp_path: Path) -> None:
    assert load(tmp_path, FULL).hub.pages
    assert not load(tmp_path, FULL.replace("port = 9090", "pages = false\nport = 9090")).hub.pages


def test_days_are_days_of_the_time_zone(tmp_path: Path) -> None:
    summer = FULL.replace('"UTC"', '"Europe/London"').replace("end = 2026-12-31", "end = 2026-07-31")
    (agreement,) = load(tmp_path, summer).agreements
    assert agreement.end.astimezone(UTC) == datetime(2026, 7, 31, 23, tzinfo=UTC)


def test_an_agreement_may_end_at_an_instant(tmp_path: Path) -> None:
    (agreement,) = load(tmp_path, FULL.replace("end = 2026-12-31", "end = 2026-07-31T17:00:00+01:00")).agreements
    assert agreement.end == datetime(2026, 7, 31, 16, tzinfo=UTC)


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    given = {
        "CARELOOM_HUB_BASE_URL": "http://127.0.0.1:1/other",
        "CARELOOM_HUB_HOST": "127.0.0.2",
        "CARELOOM_HUB_PORT": "0",
        "CARELOOM_HUB_DATABASE": "/tmp/other.db",
        "CARELOOM_HUB_KEY_FILE": "/tmp/other.json",
        "CARELOOM_STORE_URL": "postgresql://hub:secret@db.example/record",
    }
    assert given.keys() == OVERRIDES.keys()
    settings = load(tmp_path, FULL, given)
    hub = settings.hub
    assert settings.store.place == "db.example/record"
    assert (hub.base_url, hub.host, hub.port) == ("http://127.0.0.1:1/other", "127.0.0.2", 0)
    assert (hub.database, hub.key_file) == (Path("/tmp/other.db"), Path("/tmp/other.json"))


def test_a_wrong_value_of_the_environment_is_told_as_such(tmp_path: Path) -> None:
    assert complaints(tmp_path, FULL, {"CARELOOM_HUB_PORT": "eighty"}) == [
        "hub.port (from CARELOOM_HUB_PORT): a whole number from 0 to 65535 expected, found the text 'eighty'"
    ]


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ('base_url = "http://127.0.0.1:8080/fhir/"\n', "", "hub.base_url: expected, found nothing"),
        (
            '"http://127.0.0.1:8080/fhir/"',
            '"ftp://x"',
            "hub.base_url: an http or https address without query expected, found the text 'ftp://x'",
        ),
        ("port = 9090", "prot = 9090", "hub.prot: no such setting; did you mean 'port'?"),
        ("port = 9090", "port = true", "hub.port: a whole number from 0 to 65535 expected, found true"),
        ("port = 9090", "port = 70000", "hub.port: a whole number from 0 to 65535 expected, found the number 70000"),
        ("port = 9090", 'pages = "no"\nport = 9090', "hub.pages: true or false expected, found the text 'no'"),
        (
            'time_zone = "UTC"',
            'time_zone = "Mars/Olympus"',
            "hub.time_zone: the name of a time zone that this machine knows expected, found the text 'Mars/Olympus'",
        ),
        (
            'purposes = ["TREAT", "COC"]',
            'purposes = ["TREAT", "FUN"]',
            "hub.purposes: purpose of use 'FUN': a code of http://terminology.hl7.org/CodeSystem/v3-ActReason "
            "expected, for example TREAT",
        ),
        ("body = 1000000", "body = 0", "limits.body: a whole number from 1 to 2147483647 expected, found the number 0"),
        (
            '"fhir.r4.ukcore.stu2@2.0.1"',
            '"ukcore"',
            "definitions.packages: NAME@VERSION expected in the list, found the text 'ukcore'",
        ),
        ('["profiles"]', '"profiles"', "definitions.directories: a list of texts expected, found the text 'profiles'"),
        (
            "Patient = [",
            "patient = [",
            "conformance.patient: the name of a resource type expected as the key",
        ),
        ('id = "acute"\n', "", "organisations[0].id: expected, found nothing"),
        ('name = "Acute Hospital"', "name = 7", "organisations[acute].name: a text expected, found the number 7"),
        (
            'ods_code = "RXX"',
            'odscode = "X"',
            "organisations[acute].odscode: no such setting; did you mean 'ods_code'?",
        ),
        (
            'ods_code = "RXX"',
            'colour = "blue"',
            "organisations[acute].colour: no such setting; known are id, name, ods_code",
        ),
        (
            'organisation = "gp"',
            'organisation = "pg"',
            "clients[gp-app].organisation: the id of an organisation expected, found 'pg'",
        ),
        (
            '"system/Patient.rs"',
            '"system/Patient.sr"',
            "clients[gp-app].scopes: scope 'system/Patient.sr': rights are letters out of 'cruds', each once and in "
            "that order",
        ),
        ('jwks = "gp.jwks.json"\n', "", "clients[gp-app].jwks: expected, found nothing"),
        (
            'parties = ["acute", "gp"]',
            'parties = ["acute", "gp", "social-care"]',
            "agreements[letters].parties: the id of an organisation expected, found 'social-care'",
        ),
        (
            '["read", "search"]',
            '["read", "find"]',
            "agreements[letters].interactions: create, read, update, delete, search expected, found 'find'",
        ),
        (
            'types = ["Composition", "Patient"]',
            'types = ["composition"]',
            "agreements[letters].types: names of resource types, or *, expected in the list, "
            "found the text 'composition'",
        ),
        (
            'purposes = ["TREAT"]\n',
            'purposes = ["HPAYMT"]\n',
            "agreements[letters].purposes: purposes that the hub accepts (COC, TREAT) expected, found 'HPAYMT'",
        ),
        (
            "start = 2026-01-01",
            'start = "2026-01-01"',
            "agreements[letters].start: a date or date-time without quotation marks expected, "
            "found the text '2026-01-01'",
        ),
        (
            "end = 2026-12-31",
            "end = 2025-12-30",
            "agreements[letters].end: an end after the start expected, found 2025-12-31T00:00:00+00:00",
        ),
        (
            'resource = "Observation"',
            'resource = "Observation"\ninteractions = ["read"]',
            "topics[0].interactions: create, update, delete expected in the list, found the text 'read'",
        ),
        ("retry_base = 0.1", "retry_base = -1", "notify.retry_base: a number of seconds expected, found the number -1"),
        ("[audit]", "[auditing]", "auditing: no such setting; did you mean 'audit'?"),
        (
            '[audit]\nsite = "North Locality"\nrefusals = 3\nrefusal_window = 60',
            "",
            "audit: a table expected, found the number 7",
        ),
    ],
)
def test_a_wrong_setting_is_told_by_its_key_with_what_was_expected_and_found(
    tmp_path: Path, before: str, after: str, told: str
) -> None:
    assert before in FULL
    text = FULL.replace(before, after)
    text = f"audit = 7\n{text}" if told.startswith("audit: a table") else text
    assert complaints(tmp_path, text) == [told]


def test_everything_wrong_is_told_at_once(tmp_path: Path) -> None:
    text = FULL.replace("port = 9090", 'port = "x"').replace("[limits]", "[limit]").replace('"TREAT"', '"FUN"')
    assert len(complaints(tmp_path, text)) == 4


def test_a_date_that_does_not_exist_is_no_toml(tmp_path: Path) -> None:
    with pytest.raises(MalformedError, match="not TOML"):
        load(tmp_path, FULL.replace("2026-12-31", "2026-02-30"))


def test_a_file_that_is_no_toml_is_told_with_line_and_column(tmp_path: Path) -> None:
    with pytest.raises(MalformedError, match=r"careloom\.toml: not TOML: .*line 2, column \d+"):
        load(tmp_path, "[hub]\nport = = 1\n")


def test_a_file_that_is_not_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "careloom.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(MalformedError, match="not TOML"):
        load_settings(tmp_path / "careloom.toml", {})


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match=r"none\.toml: settings cannot be read: No such file"):
        load_settings(tmp_path / "none.toml", {})


def test_a_key_file_that_is_not_there_is_told(tmp_path: Path, public_key: Path) -> None:
    public_key.unlink()
    (told,) = complaints(tmp_path, FULL)
    assert told.startswith("clients[gp-app].jwks: ")
    assert told.endswith("gp.jwks.json cannot be read: No such file or directory")


def test_a_private_key_among_public_ones_is_refused(tmp_path: Path, public_key: Path) -> None:
    public_key.write_bytes(serialize_json({"keys": [KEY.as_json()]}))
    (told,) = complaints(tmp_path, FULL)
    assert "'k1' is a private key" in told
    assert str(KEY.as_json()["d"]) not in told


def test_a_webhook_secret_may_stand_in_the_file_or_beside_it(tmp_path: Path) -> None:
    secret = new_secret()
    (tmp_path / "gp.secret").write_text(f"{secret}\n")
    for line in (f'webhook_secret = "{secret}"', 'webhook_secret_file = "gp.secret"'):
        settings = load(tmp_path, FULL.replace('name = "Practice record"', line))
        assert settings.webhook_secrets == {"gp-app": secret}


def test_a_bad_webhook_secret_is_refused_and_not_repeated(tmp_path: Path) -> None:
    line = 'webhook_secret = "hunter2"'
    (told,) = complaints(tmp_path, FULL.replace('name = "Practice record"', line))
    assert told.startswith("clients[gp-app].webhook_secret: ")
    assert "hunter2" not in told


def test_types_that_the_definitions_do_not_know_are_told(tmp_path: Path) -> None:
    settings = load(tmp_path, FULL.replace('"system/Patient.rs"', '"system/Patinet.rs"'))
    issues = settings.unknown_types(["Patient", "Composition", "Observation"])
    assert [issue.expression for issue in issues] == ["clients[gp-app].scopes"]
    assert issues[0].diagnostics.endswith("'Patinet' is not a resource type; did you mean 'Patient'?")


HTTP = """
[search]
depth = 3

[http]
grace = 2.5
workers = 4
jobs = "later"
version_required = true
delete_many = 20
origins = ["https://app.example"]
metrics = ["10.0.0.0/8", "::1/128"]
explain = true
allowances = ["merge-patch"]
"""


def test_how_clients_are_treated_is_read(tmp_path: Path) -> None:
    settings = load(tmp_path, SMALL + HTTP)
    http = settings.http
    assert (http.grace, http.workers, http.jobs, http.certificate) == (2.5, 4, tmp_path / "later", None)
    assert (http.policy.version_required, http.policy.delete_many, http.policy.explain) == (True, 20, True)
    assert http.policy.origins == {"https://app.example"}
    assert http.policy.allowances == {"merge-patch"}
    assert http.policy.may_see_metrics("10.1.1.1") and not http.policy.may_see_metrics("192.0.2.1")
    assert (settings.search.depth, settings.search.parameters) == (3, 100)


@pytest.mark.parametrize(
    ("section", "wrong", "meant"),
    [
        ("http", "certificat", "certificate"),
        ("http", "consol", "console"),
        ("notify", "autority", "authority"),
        ("terminology", "sever", "server"),
        ("nats", "password_fle", "password_file"),
        ("operations", "import_foldr", "import_folder"),
    ],
)
def test_a_misspelt_key_that_may_be_left_out_is_told_with_the_one_meant(
    tmp_path: Path, section: str, wrong: str, meant: str
) -> None:
    told = complaints(tmp_path, f'{SMALL}\n[{section}]\n{wrong} = "x"\n')
    assert f"{section}.{wrong}: no such setting; did you mean {meant!r}?" in told


def test_a_key_without_a_certificate_does_not_have_the_hub_speak_in_the_clear(tmp_path: Path) -> None:
    [told] = complaints(tmp_path, SMALL + '[http]\nkey = "hub.key"\n')
    assert "http.certificate: expected beside key, found none" in told


def test_what_is_wrong_with_http_is_told(tmp_path: Path) -> None:
    wrong = '[http]\norigins = ["app"]\nmetrics = ["all"]\nallowances = ["x"]\nworkers = 0\n'
    wrong += 'key_password_file = "none"\n'
    told = "\n".join(complaints(tmp_path, SMALL + wrong))
    for key in ("http.origins", "http.metrics", "http.allowances", "http.workers", "http.key_password_file"):
        assert key in told


def test_who_may_look_at_the_console_without_a_token_is_read(tmp_path: Path) -> None:
    console = '[http.console]\nnetworks = ["127.0.0.1", "::1"]\nclient = "gp-app"\n'
    found = load(tmp_path, FULL + console).http.policy.console
    assert found
    assert ("gp-app", "HSYSADMIN", 2) == (found.client, found.purpose, len(found.networks))
    assert None is load(tmp_path, SMALL).http.policy.console


def test_what_is_wrong_with_the_console_is_told(tmp_path: Path) -> None:
    wrong = '[http.console]\nnetworks = ["here"]\nclient = "gp-app"\npurpose = "FUN"\nclients = "x"\n'
    told = "\n".join(complaints(tmp_path, SMALL + wrong))
    for key in ("http.console.networks", "http.console.purpose", "http.console.clients: no such setting"):
        assert key in told
    gone = '[http.console]\nnetworks = ["127.0.0.1"]\nclient = "nobody"\n'
    assert "http.console.client: the id of a client expected, found 'nobody'" in "\n".join(
        complaints(tmp_path, SMALL + gone)
    )
