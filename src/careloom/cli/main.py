"""The command line: each group of subcommands registers itself here."""

from cyclopts import App

from careloom import __version__

app = App(
    name="careloom",
    help="Agree on FHIR profiles, exchange records that meet them, tell each other, prove it.",
    version=__version__,
)


def main() -> None:
    """Run the command line."""
    app()
