"""The ``careloom`` command: one file for each group of subcommands."""

from careloom.cli.main import main

__all__ = ["main"]
