"""A terminology server, asked over FHIR when nothing here knows; never unless it is set up."""

from careloom.terminology.remote.cache import AnswerCache
from careloom.terminology.remote.http import Http
from careloom.terminology.remote.oauth import ClientCredentials
from careloom.terminology.remote.server import TerminologyServer

__all__ = ["AnswerCache", "ClientCredentials", "Http", "TerminologyServer"]
