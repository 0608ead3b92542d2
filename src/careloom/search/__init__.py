"""One language for SQL, topics and access rules: parameters, query, index values and the in-memory match.

``parse_query`` makes a `Query` of a request, ``index_values`` makes `IndexValues` of a resource, and ``match`` says
whether one fits the other. A store keeps the values and turns the query into SQL by the tables of
`careloom.search.comparison`, so that both give the same answer.
"""

from careloom.search.includes import included, revinclude_queries
from careloom.search.index import index_values
from careloom.search.match import holds, holds_all, in_order, match, sort_value
from careloom.search.parameters import SearchParameter, SearchParameters
from careloom.search.parse import parse_query
from careloom.search.printing import query_parameters, query_string
from careloom.search.query import Query
from careloom.search.values import IndexValues

__all__ = [
    "IndexValues",
    "Query",
    "SearchParameter",
    "SearchParameters",
    "holds",
    "holds_all",
    "in_order",
    "included",
    "index_values",
    "match",
    "parse_query",
    "query_parameters",
    "query_string",
    "revinclude_queries",
    "sort_value",
]
