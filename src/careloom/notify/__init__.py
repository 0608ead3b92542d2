"""The notify room."""
