"""Everything the hub does over HTTP: adding an interaction or an operation is a file and a row here.

Routing, transactions and the CapabilityStatement are all made from this table.
"""

from careloom.rest.bundle import bundle
from careloom.rest.capabilities import capabilities
from careloom.rest.create import create, create_in_turn
from careloom.rest.deferred import job_cancel, job_file, job_status
from careloom.rest.delete import delete, delete_in_turn
from careloom.rest.history import history
from careloom.rest.interaction import Interaction
from careloom.rest.openapi import openapi
from careloom.rest.operation import Operation
from careloom.rest.operations import OPERATIONS as ON_THE_RECORD
from careloom.rest.patch import patch, patch_in_turn
from careloom.rest.read import read, read_in_turn
from careloom.rest.search import search, search_in_turn
from careloom.rest.signals import signals
from careloom.rest.subscriptions import OPERATIONS as ON_SUBSCRIPTIONS
from careloom.rest.subscriptions.stream import stream
from careloom.rest.terminology import OPERATIONS as ON_CODES
from careloom.rest.token import configuration, keys, token
from careloom.rest.update import update, update_in_turn
from careloom.rest.validate import VALIDATE
from careloom.rest.vread import vread

OPERATIONS: tuple[Operation, ...] = (VALIDATE, *ON_THE_RECORD, *ON_SUBSCRIPTIONS, *ON_CODES)
"""Every operation; a room of operations adds its list here."""

COMPARTMENTS = frozenset({"Patient", "Encounter", "RelatedPerson", "Practitioner", "Device"})
"""The types whose resources have a compartment, by the definitions of R4."""

INTERACTIONS: tuple[Interaction, ...] = (
    Interaction("read", "GET", "{type}/{id}", read, "The current version of a resource", in_turn=read_in_turn),
    Interaction("vread", "GET", "{type}/{id}/_history/{version_id}", vread, "One version of a resource"),
    Interaction("history-instance", "GET", "{type}/{id}/_history", history, "All versions of a resource"),
    Interaction("history-type", "GET", "{type}/_history", history, "All versions of all resources of a type"),
    Interaction("history-system", "GET", "_history", history, "All versions of everything"),
    Interaction(
        "create",
        "POST",
        "{type}",
        create,
        "A new resource, on condition where If-None-Exist says so",
        "resource",
        in_turn=create_in_turn,
    ),
    Interaction(
        "update",
        "PUT",
        "{type}/{id}",
        update,
        "A new version of a resource, or its first",
        "resource",
        in_turn=update_in_turn,
    ),
    Interaction(
        "update",
        "PUT",
        "{type}",
        update,
        "A new version of the one resource that matches",
        "resource",
        in_turn=update_in_turn,
    ),
    Interaction("patch", "PATCH", "{type}/{id}", patch, "Changes parts of a resource", "patch", in_turn=patch_in_turn),
    Interaction(
        "patch",
        "PATCH",
        "{type}",
        patch,
        "Changes parts of the one resource that matches",
        "patch",
        in_turn=patch_in_turn,
    ),
    Interaction(
        "delete", "DELETE", "{type}/{id}", delete, "A resource is gone, its versions stay", in_turn=delete_in_turn
    ),
    Interaction(
        "delete", "DELETE", "{type}", delete, "What matches is gone, its versions stay", in_turn=delete_in_turn
    ),
    Interaction("search-type", "GET", "{type}", search, "The resources of a type that match", in_turn=search_in_turn),
    Interaction("search-type", "POST", "{type}/_search", search, "The resources of a type that match", "form"),
    Interaction(
        "search-type",
        "GET",
        "{compartment}/{owner}/{type}",
        search,
        "What matches in a compartment",
        types=COMPARTMENTS,
        in_turn=search_in_turn,
    ),
    Interaction(
        "search-type",
        "POST",
        "{compartment}/{owner}/{type}/_search",
        search,
        "What matches in a compartment",
        "form",
        types=COMPARTMENTS,
    ),
    Interaction("search-system", "GET", "", search, "The resources of several types that match"),
    Interaction("search-system", "POST", "_search", search, "The resources of several types that match", "form"),
    Interaction(
        "search-system",
        "GET",
        "{compartment}/{owner}/*",
        search,
        "What matches in a compartment, of every type",
        types=COMPARTMENTS,
    ),
    Interaction("transaction", "POST", "", bundle, "Several requests: each by itself, or all or none", "resource"),
    *(row for operation in OPERATIONS for row in operation.interactions()),
    Interaction(
        "$stream",
        "GET",
        "{type}/{id}/_stream",
        stream,
        "What a subscription is told, as server-sent events",
        types=frozenset({"Subscription"}),
        right="r",
    ),
    Interaction("$signals", "POST", "_signals", signals, "Word of what happened elsewhere, as CloudEvents", "raw"),
    Interaction("$job-status", "GET", "_jobs/{id}", job_status, "How far a job is, and its answer when it is done"),
    Interaction("$job-cancel", "DELETE", "_jobs/{id}", job_cancel, "Stops a job and forgets its answer"),
    Interaction("$job-file", "GET", "_jobs/{id}/{file}", job_file, "A file that a job has written"),
    Interaction("capabilities", "GET", "metadata", capabilities, "What the hub does", is_open=True),
    Interaction("openapi", "GET", "openapi.json", openapi, "What the hub does, as OpenAPI", is_open=True),
    Interaction(
        "smart-configuration",
        "GET",
        ".well-known/smart-configuration",
        configuration,
        "How to get a token",
        is_open=True,
    ),
    Interaction("jwks", "GET", ".well-known/jwks.json", keys, "The public keys of the hub's tokens", is_open=True),
    Interaction("token", "POST", "auth/token", token, "An access token for a signed assertion", "form", is_open=True),
)
