"""``python -m careloom`` is the ``careloom`` command."""

from careloom.cli import main

main()
