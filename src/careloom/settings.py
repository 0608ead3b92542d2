"""Every setting of the hub, read from one TOML file."""
