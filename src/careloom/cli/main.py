"""The command line: each group of subcommands registers itself here."""

from cyclopts import App

from careloom import __version__

app = App(
    name="careloom",
    help="Agree on FHIR profiles, exchange records that meet them, tell each other, prove it.",
    version=__version__,
)
app.command("careloom.cli.connectathon:app", name="connectathon")
app.command("careloom.cli.db:app", name="db")
app.command("careloom.cli.fhirpath:fhirpath")
app.command("careloom.cli.keys:app", name="keys")
app.command("careloom.cli.packages:packages")
app.command("careloom.cli.serve:serve")
app.command("careloom.cli.synth:synth")
app.command("careloom.cli.terminology:app", name="terminology")
app.command("careloom.cli.validate.declared:validate")
