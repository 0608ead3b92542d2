"""The terminology room."""
