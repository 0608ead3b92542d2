"""One language for SQL, topics and access rules: parameters, query, index values and the in-memory match.

``parse_query`` makes a `Query` of a request, ``index_values`` makes `IndexValues` of a resource, and ``match`` says
whether one fits the other. A store keeps the values and turns the query into SQL by the tables of
`careloom.search.comparison`, so that both give the same answer.
"""

from careloom.search.access import narrowed
from careloom.search.index import index_values
from careloom.search.limits import Limits
from careloom.search.match import holds, holds_all, in_order, match, sort_value
from careloom.search.modifiers import MODIFIERS
from careloom.search.parameters import SearchParameter, State
from careloom.search.parse import parse_query
from careloom.search.population import Population
from careloom.search.printing import query_parameters, query_path, query_string
from careloom.search.query import Access, Query
from careloom.search.registry import SearchParameters
from careloom.search.types import by_type
from careloom.search.values import IndexValues

__all__ = [
    "MODIFIERS",
    "Access",
    "IndexValues",
    "Limits",
    "Population",
    "Query",
    "SearchParameter",
    "SearchParameters",
    "State",
    "by_type",
    "holds",
    "holds_all",
    "in_order",
    "index_values",
    "match",
    "narrowed",
    "parse_query",
    "query_parameters",
    "query_path",
    "query_string",
    "sort_value",
]
