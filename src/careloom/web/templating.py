"""Jinja, with our templates and the components of the NHS design system."""

from jinja2 import ChainableUndefined, ChoiceLoader, Environment, PackageLoader


def environment() -> Environment:
    """The environment of every page; everything is escaped unless a template says otherwise."""
    return Environment(
        loader=ChoiceLoader([PackageLoader("careloom.web"), PackageLoader("nhsuk_frontend_jinja")]),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        # The components ask for parameters of parameters that nobody gave.
        undefined=ChainableUndefined,
    )
