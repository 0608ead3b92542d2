"""Invariants of R4 that are met often and decided cheaply: a look at the data that is right whenever it says yes.

Keyed by the text of the expression, so that an invariant which is put differently is evaluated as it stands. Each is
an expression of Python over a value that is right by its type, for which ``{0}`` stands.
"""

from collections.abc import Mapping

_IS_NO_ERROR = "all([one.get('code') != 'entered-in-error' for one in {0}['verificationStatus'].get('coding', ())])"
_NO_ERROR = (
    "verificationStatus.coding.where(system = "
    "'http://terminology.hl7.org/CodeSystem/allergyintolerance-verification' and code = 'entered-in-error').empty() "
    "or clinicalStatus.empty()",
    "verificationStatus.coding.where(system='http://terminology.hl7.org/CodeSystem/condition-ver-status' "
    "and code='entered-in-error').empty() or clinicalStatus.empty()",
)

_OF_EACH_ENTRY = "entry.all({0}.exists() = ({1}))"
_HAS_AS_ITS_TYPE_SAYS = "all([({0!r} in one) is ({{0}}['type'] in {1}) for one in {{0}}.get('entry', ())])"
_TYPES = {
    "request": ("batch", "transaction", "history"),
    "response": ("batch-response", "transaction-response", "history"),
}
"""Part of an entry to the types of Bundle in which every entry has it, and no entry in any other."""

SHORTCUTS: Mapping[str, str] = {
    # Texts of one form and one zone are in the order of their instants.
    "start.hasValue().not() or end.hasValue().not() or (start <= end)": (
        "'start' in {0} and 'end' in {0} and len({0}['start']) == len({0}['end'])"
        " and {0}['start'][19:] == {0}['end'][19:] and {0}['start'] <= {0}['end']"
    ),
    "$this.is(dateTime).not() or $this.toString().length() >= 8": "{0}.__class__ is str and len({0}) >= 8",
    "(component.empty() and hasMember.empty()) implies (dataAbsentReason.exists() or value.exists())": (
        "'component' in {0} or 'valueQuantity' in {0}"
    ),
    "value.exists() or dataAbsentReason.exists()": "'valueQuantity' in {0}",
    "comparator.empty()": "'comparator' not in {0} and '_comparator' not in {0}",
    "period.exists() implies period >= 0": "'period' in {0} and {0}['period'] >= 0",
    "duration.exists() implies duration >= 0": "'duration' in {0} and {0}['duration'] >= 0",
    **{
        _OF_EACH_ENTRY.format(part, " or ".join(f"%resource.type = '{type}'" for type in types)): (
            _HAS_AS_ITS_TYPE_SAYS.format(part, types)
        )
        for part, types in _TYPES.items()
    },
    **dict.fromkeys(_NO_ERROR, f"'verificationStatus' in {{0}} and {_IS_NO_ERROR}"),
}
"""Expression to a look that may only say yes where the expression is true."""


def shortcut(expression: str, value: str, variables: Mapping[str, str]) -> str:
    """The look for an invariant, on a value; empty where there is none.

    Args:
        expression: The invariant.
        value: Expression for the value.
        variables: The variables that hold its properties, by key, where it is known which it has; else empty.
    """
    look = SHORTCUTS.get(expression, "").format(value)
    for key, variable in variables.items():
        look = look.replace(f"{value}[{key!r}]", variable).replace(f"{key!r} in {value}", "True")
    return f"({look})" if look else ""
