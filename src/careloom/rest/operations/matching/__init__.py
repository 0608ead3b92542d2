"""Patient matching: who of those recorded is the person described, and how sure that is."""

from careloom.model.nhs_number import NHS_NUMBER, is_nhs_number
from careloom.rest.operations.matching.candidates import find_candidates
from careloom.rest.operations.matching.judgement import score
from careloom.rest.operations.matching.person import Person, person
from careloom.rest.operations.matching.table import Grade, MatchTable, read_table, usual_table

__all__ = [
    "NHS_NUMBER",
    "Grade",
    "MatchTable",
    "Person",
    "find_candidates",
    "is_nhs_number",
    "person",
    "read_table",
    "score",
    "usual_table",
]
