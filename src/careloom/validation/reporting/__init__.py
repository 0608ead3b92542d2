"""What was found, told in six ways: to people at a terminal or in a browser, and to the tools that they use."""

from careloom.validation.reporting.formats import FORMATS, Format, Reporter, Told, reporter
from careloom.validation.reporting.tally import Tally

__all__ = ["FORMATS", "Format", "Reporter", "Tally", "Told", "reporter"]
