"""What was found, told in six ways: to people at a terminal or in a browser, and to the tools that they use."""

from careloom.validation.reporting.formats import FORMATS, Format, Page, Reporter, Style, Told, page_of, reporter
from careloom.validation.reporting.tally import Tally

__all__ = ["FORMATS", "Format", "Page", "Reporter", "Style", "Tally", "Told", "page_of", "reporter"]
