"""The connectathon room."""
