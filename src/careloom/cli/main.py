"""The command line: each group of subcommands registers itself here."""

from cyclopts import App

from careloom import __version__

app = App(
    name="careloom",
    help="Agree on FHIR profiles, exchange records that meet them, tell each other, prove it.",
    version=__version__,
)
COMMANDS = {
    "connectathon": ("careloom.cli.connectathon:app", "Play a scenario, and judge it by the exchanges recorded."),
    "db": ("careloom.cli.db:app", "Back up, restore, check, upgrade and move a hub's record."),
    "fhirpath": (
        "careloom.cli.fhirpath:fhirpath",
        "Print what a FHIRPath expression finds in a resource.\n\n"
        "A line of JSON for each result. Exits with 0 when there is one, 1 when there is none, 2 when it could not be "
        "evaluated.",
    ),
    "keys": ("careloom.cli.keys:app", "Make the keys that clients and hubs sign with."),
    "notify": (
        "careloom.cli.notify:app",
        "See who is told what by a hub and how that goes, and have events told again.",
    ),
    "packages": ("careloom.cli.packages:packages", "Install FHIR packages, and make snapshots of their profiles."),
    "serve": (
        "careloom.cli.serve:serve",
        "Run the hub.\n\nIt prints its address when it is ready, and stops on SIGTERM or Ctrl-C after finishing what "
        "it is at. Exits with 2 when it cannot start, and says why.",
    ),
    "synth": (
        "careloom.cli.synth:synth",
        "Write made-up clinical records, one a line, as NDJSON.\n\nPatients with encounters, conditions, observations, "
        "medications, allergies, procedures and immunizations, in British shape. Each is valid and conforms to UK "
        "Core; the same seed gives the same records.",
    ),
    "terminology": ("careloom.cli.terminology:app", "Load code systems, and look up codes."),
    "validate": (
        "careloom.cli.validate.declared:validate",
        "Judge FHIR resources, JSON or XML, by their types, by the profiles they claim, and by those given.\n\n"
        "Exits with 0 when every resource is valid, 1 when one is not, 2 when the question could not be asked.",
    ),
}
"""Each command: where it is loaded from when it is asked for, and what it is for: its first line stands in the list."""

for name, (place, purpose) in COMMANDS.items():
    app.command(place, name=name, help=purpose)
