"""Everything the hub does over HTTP: adding an interaction or an operation is a file and a row here.

Routing, transactions and the CapabilityStatement are all made from this table.
"""

from careloom.rest.bundle import bundle
from careloom.rest.capabilities import capabilities
from careloom.rest.create import create, create_in_turn
from careloom.rest.delete import delete, delete_in_turn
from careloom.rest.history import history
from careloom.rest.interaction import Interaction
from careloom.rest.read import read, read_in_turn
from careloom.rest.search import search, search_in_turn
from careloom.rest.token import configuration, keys, token
from careloom.rest.update import update, update_in_turn
from careloom.rest.validate import validate
from careloom.rest.vread import vread

INTERACTIONS: tuple[Interaction, ...] = (
    Interaction("read", "GET", "{type}/{id}", read, in_turn=read_in_turn),
    Interaction("vread", "GET", "{type}/{id}/_history/{version_id}", vread),
    Interaction("history-instance", "GET", "{type}/{id}/_history", history),
    Interaction("create", "POST", "{type}", create, body="resource", in_turn=create_in_turn),
    Interaction("update", "PUT", "{type}/{id}", update, body="resource", in_turn=update_in_turn),
    Interaction("update", "PUT", "{type}", update, body="resource", in_turn=update_in_turn),
    Interaction("delete", "DELETE", "{type}/{id}", delete, in_turn=delete_in_turn),
    Interaction("delete", "DELETE", "{type}", delete, in_turn=delete_in_turn),
    Interaction("search-type", "GET", "{type}", search, in_turn=search_in_turn),
    Interaction("search-type", "POST", "{type}/_search", search, body="form"),
    Interaction("$validate", "POST", "{type}/$validate", validate, body="resource"),
    Interaction("$validate", "POST", "{type}/{id}/$validate", validate, body="optional"),
    Interaction("$validate", "GET", "{type}/{id}/$validate", validate),
    Interaction("transaction", "POST", "", bundle, body="resource"),
    Interaction("capabilities", "GET", "metadata", capabilities, is_open=True),
    Interaction("smart-configuration", "GET", ".well-known/smart-configuration", configuration, is_open=True),
    Interaction("jwks", "GET", ".well-known/jwks.json", keys, is_open=True),
    Interaction("token", "POST", "auth/token", token, body="form", is_open=True),
)
