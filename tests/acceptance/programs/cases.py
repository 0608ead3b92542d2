"""Cases by name, run one after another; what failed is told as JSON. It runs in the environment of a client."""

# mypy: ignore-errors

import json
import sys
import traceback

CASES = {}


def case(function):
    """Name a function as a case; it gets the address of the hub."""
    CASES[function.__name__] = function
    return function


def run():
    """Run them all."""
    print(json.dumps({name: _fault(function, sys.argv[1]) for name, function in CASES.items()}))


def _fault(function, base_url):
    try:
        function(base_url)
    except Exception:  # whatever a client raises is what the test tells
        return traceback.format_exc()[-2000:]
    return ""
