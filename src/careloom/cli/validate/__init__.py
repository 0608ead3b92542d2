"""``careloom validate``: judge files, and say what is wrong where."""

from careloom.cli.validate.command import validate

__all__ = ["validate"]
