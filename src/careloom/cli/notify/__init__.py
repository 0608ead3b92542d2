"""``careloom notify``: what the console shows, on the command line."""

from careloom.cli.notify.commands import app

__all__ = ["app"]
