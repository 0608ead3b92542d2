"""Functions and operators: an expression, and what comes out."""

from typing import Any

import pytest
from tests.unit.fhirpath.conftest import Evaluate

from careloom.model.errors import InvalidError, MalformedError, NotSupportedError, TooCostlyError

CASES: dict[str, list[Any]] = {
    # existence
    "{}.exists()": [False],
    "(1 | 2).exists($this > 1)": [True],
    "(1 | 2).all($this > 1)": [False],
    "{}.all(false)": [True],
    "(true | false).anyTrue()": [True],
    "(true | false).allFalse()": [False],
    "(1 | 2).subsetOf(1 | 2 | 3)": [True],
    "(1 | 2).supersetOf(1 | 2 | 3)": [False],
    "(1 | 1.0 | 2).distinct()": [1, 2],
    "1.combine(1).isDistinct()": [False],
    # filtering and projection
    "(1 | 2 | 3).where($this != 2)": [1, 3],
    "('a' | 'b').select($this & $index.toString())": ["a0", "b1"],
    "('a' | 'b').where($index = 1)": ["b"],
    "('aab').toChars().repeat($this).count()": [2],
    "(1 | 'a' | true).ofType(String)": ["a"],
    "1 is Integer": [True],
    "1 is System.Any": [True],
    "'a' as Integer": [],
    # subsetting
    "(1 | 2 | 3).first()": [1],
    "(1 | 2 | 3).last()": [3],
    "(1 | 2 | 3).tail()": [2, 3],
    "(1 | 2 | 3).skip(-1).take(2)": [1, 2],
    "(1 | 2 | 3)[1]": [2],
    "(1 | 2)[5]": [],
    "(1 | 2 | 3).intersect(2 | 3 | 4)": [2, 3],
    "1.combine(1).combine(2).exclude(2)": [1, 1],
    # combining
    "1.union(2).union(1)": [1, 2],
    "{}.coalesce({}, 3, 4)": [3],
    # conversion
    "iif(true, 1, 1 / 'a')": [1],
    "iif({}, 1)": [],
    "'x'.iif($this = 'x', $this & 'y')": ["xy"],
    "'yes'.toBoolean()": [True],
    "2.toBoolean()": [],
    "'1.5'.toInteger()": [],
    "'1.50'.toDecimal().toString()": ["1.50"],
    "@2015-02-04T10:00.toDate().toString()": ["2015-02-04"],
    "'14:30'.toTime().toString()": ["14:30"],
    "'1 day'.toQuantity('h').toString()": ["24 'h'"],
    "'x'.convertsToQuantity()": [False],
    "{}.convertsToInteger()": [],
    # text
    "'abc'.substring(1)": ["bc"],
    "'abc'.substring(3)": [],
    "'abc'.substring(1, {})": ["bc"],
    "'abcabc'.lastIndexOf('b')": [4],
    "'abc'.replace('', '-')": ["-a-b-c-"],
    "'a1'.replaceMatches('([a-z])([0-9])', '$2$1')": ["1a"],
    "'abc'.matches('B')": [False],
    "'abc'.matchesFull('b')": [False],
    "'a b '.trim().split(' ').join('+')": ["a+b"],
    r"'<\n>'.escape('html').unescape('html')": ["<\n>"],
    "'ab'.encode('hex').decode('hex')": ["ab"],
    "'ab'.encode('nothing')": [],
    "'a' & {} & 'b'": ["ab"],
    "'abc'.length() + 'x'.indexOf('y')": [2],
    # numbers
    "7 div 2": [3],
    "-7 mod 2": [-1],
    "0.1 + 0.2 = 0.3": [True],
    "1 / 0": [],
    "9223372036854775807 + 1": [],
    "1.005.round(2).toString()": ["1.01"],
    "(-1.5).ceiling()": [-1],
    "1000.log(10)": [3],
    "(-8).power(3)": [-512],
    "10.power(10000000000)": [],
    "(-4).sqrt()": [],
    "16.sqrt()": [4],
    "(-5 'mg').abs() = 5 'mg'": [True],
    # comparing
    "1 = 1.0": [True],
    "'a' ~ 'A'": [True],
    "true = 1": [False],
    "(1 | 2) = (2 | 1)": [False],
    "(1 | 2) ~ (2 | 1)": [True],
    "{} = {}": [],
    "{} ~ {}": [True],
    "1 != {}": [],
    "0.67 ~ 2 / 3": [True],
    "@2012 = @2012-01": [],
    "@2012 ~ @2012-01": [False],
    "@2012-01-01 = @T10:00": [False],
    "1 'm' > 1 'cm'": [True],
    "{} < 1": [],
    "1 in (1 | 2)": [True],
    "{} in (1 | 2)": [],
    "(1 | 2) contains 3": [False],
    # logic
    "{} and false": [False],
    "{} or true": [True],
    "true xor {}": [],
    "{} implies true": [True],
    "false implies {}": [True],
    "'text'.not()": [False],
    "'text' and true": [True],
    # dates and utility
    "@2012-02-29.yearOf()": [2012],
    "@2012.monthOf()": [],
    "@2012-02-29T10:00:00.250+01:00.millisecondOf()": [250],
    "@2012-02-29T10:00:00+01:30.timezoneOffsetOf() = 1.5": [True],
    "@2012-02-29T10:00.timeOf().toString()": ["10:00"],
    "(3 | 1 | 2).sort()": [1, 2, 3],
    "(3 | 1 | 2).sort($this desc)": [3, 2, 1],
    "('b' | 'a').sort(-$this)": ["b", "a"],
    "1.type().name & '.' & 1.type().namespace": ["Integer.System"],
    "1.defineVariable('a', 2).select(%a + $this)": [3],
    "(1 | 2).defineVariable('all').select(%all.count())": [2, 2],
    "(1 | 2).defineVariable('one', first()).select(%one)": [1, 1],
    "1.defineVariable('a', 2).where(true).first().combine(%a)": [1, 2],
    "(1 | 2).select(defineVariable('a').select(%a + 1))": [2, 3],
    "%ucum": ["http://unitsofmeasure.org"],
    "%`vs-x`": ["http://hl7.org/fhir/ValueSet/x"],
    # aggregates
    "(1 | 2 | 3).aggregate($total + $this, 0)": [6],
    "(1 | 2 | 3).sum() + (1 | 2 | 3).max()": [9],
    "('b' | 'a').min()": ["a"],
    "(1 | 2).avg() = 1.5": [True],
    "{}.sum()": [],
    # boundaries
    "1.587.lowBoundary(2).toString()": ["1.58"],
    "1.587.highBoundary(2).toString()": ["1.59"],
    "(-0.0034).lowBoundary(1) = 0": [True],
    "1.587.lowBoundary(99)": [],
    "1.58700.precision()": [5],
    "1 'cm'.comparable(1 '[in_i]')": [True],
}


@pytest.mark.parametrize("expression", CASES)
def test_result(evaluate: Evaluate, expression: str) -> None:
    assert CASES[expression] == evaluate(expression)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("(1 | 2) + 1", "one item expected, 2 found"),
        ("(1 | 2).single()", "one item at most, 2 found"),
        ("(1 | 2).not()", "one item expected"),
        ("(1 | 2).iif(true, 1)", "one item expected"),
        ("'a' > 1", "System.String and System.Integer have no order"),
        ("'a' - 'b'", "System.String - System.String is not defined"),
        ("-true", "a number expected after the sign"),
        ("1.startsWith('1')", "startsWith() expects System.String, System.Integer found"),
        ("@2012-01-01 + 1 'mo'", "not 1 'mo'"),
        ("@2012-01-01 + 1", "System.Date + System.Integer is not defined"),
        ("@T10:00 + 1 day", "a time cannot move by day"),
        ("'a'.matches('[')", "is not a regular expression"),
        ("'a'.replaceMatches('a', '$2')", "names a group"),
        ("'zz'.decode('hex')", "'zz' is not hex"),
        ("(true | 'a').allTrue()", "expects booleans"),
        ("('a' | 1).join(',')", "join() expects texts"),
        ("%nobody", "%nobody is not defined"),
        ("defineVariable('a').defineVariable('a')", "%a is defined already"),
        ("1 is Nothing", "a type expected, Nothing is none"),
        ("conformsTo('http://example.org/profile')", ""),
    ],
)
def test_what_makes_no_sense_is_an_error_with_its_place(evaluate: Evaluate, expression: str, message: str) -> None:
    with pytest.raises(InvalidError) as raised:
        evaluate(expression, {"resourceType": "Patient"})
    assert message in str(raised.value)
    assert "at line 1, column" in str(raised.value)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("unknown()", "unknown() is not a function"),
        ("where()", "where() takes 1 argument, 0 found"),
        ("1.substring()", "takes 1 to 2 arguments, 0 found"),
        ("ofType(1)", "the name of a type expected"),
        ("defineVariable(name)", "the name as a text literal"),
    ],
)
def test_a_call_that_cannot_be_is_malformed(evaluate: Evaluate, expression: str, message: str) -> None:
    with pytest.raises(MalformedError) as raised:
        evaluate(expression)
    assert message in str(raised.value)


def test_what_careloom_does_not_do_is_said(evaluate: Evaluate) -> None:
    with pytest.raises(NotSupportedError, match="elementDefinition"):
        evaluate("elementDefinition()")


@pytest.mark.parametrize(
    "expression", ["1.repeat($this + 1)", "'ab'.repeat($this & $this)", "'ab'.repeat($this + $this)"]
)
def test_what_would_never_end_is_stopped(evaluate: Evaluate, expression: str) -> None:
    with pytest.raises(TooCostlyError):
        evaluate(expression)


def test_a_variable_does_not_leave_its_path(evaluate: Evaluate) -> None:
    with pytest.raises(InvalidError, match="%a is not defined"):
        evaluate("0.defineVariable('a', 1).select(%a) | %a")


def test_the_branches_of_a_path_have_variables_of_their_own(evaluate: Evaluate) -> None:
    assert evaluate("0.defineVariable('a', 1).select(%a) | 0.defineVariable('a', 2).select(%a)") == [1, 2]
