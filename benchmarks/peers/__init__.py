"""Careloom beside other validators: the same bytes, in turn, in one run. ``make peers`` writes docs/comparison.md."""
