"""Jinja, with our templates and the components of the NHS design system."""

from functools import cache

from jinja2 import ChainableUndefined, ChoiceLoader, Environment, PackageLoader


@cache
def environment() -> Environment:
    """The one environment of all pages; everything is escaped unless a template says otherwise."""
    return Environment(
        loader=ChoiceLoader([PackageLoader("careloom.web"), PackageLoader("nhsuk_frontend_jinja")]),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        # The components ask for parameters of parameters that nobody gave.
        undefined=ChainableUndefined,
    )
