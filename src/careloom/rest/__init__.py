"""FHIR over HTTP: one file for each interaction and operation, one table that names them."""
