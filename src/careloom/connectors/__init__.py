"""Sources and channels at the edge: how what is not FHIR over HTTP comes in and goes out."""
