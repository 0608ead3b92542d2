"""The fhirpath room."""
