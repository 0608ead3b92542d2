"""The validation room."""
