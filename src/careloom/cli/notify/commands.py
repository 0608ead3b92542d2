"""The commands; each asks for one of the console's records and prints it.

Exit code 1: something is in trouble, so that a check can be made of them. Exit code 2: it could not be looked at.
"""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from careloom.cli.errors import errors_told
from careloom.cli.notify import printing
from careloom.cli.notify.asking import Access, Hub, Source, source
from careloom.notify.console import Standing

IN_TROUBLE = 1
PAGE = "500"

USUAL = Access()
ELSEWHERE = "Where to send them instead, for a subscription of your own; it is sent a handshake first."

State = Literal["active", "requested", "error", "off"]
Format = Annotated[Literal["text", "json"], Parameter(help="Tables for people, or records as JSON.")]
Id = Annotated[str, Parameter(help="Of the subscription.")]
Settings = Annotated[
    Path | None,
    Parameter(help="Read the record itself, by the hub's settings file: that of a hub which does not run."),
]

app = App(name="notify", help="See who is told what by a hub and how that goes, and have events told again.")


@app.command(name="list")
def list_(
    *,
    status: Annotated[State | None, Parameter(help="Only those in this state.")] = None,
    count: Annotated[int, Parameter(help="How many at most.")] = 50,
    page: Annotated[str, Parameter(help="The page that another one named as the next.", show_default=False)] = "",
    format: Format = "text",
    settings: Settings = None,
    access: Access = USUAL,
) -> int:
    """List subscriptions, the newest first."""
    with errors_told("notify list"):
        query = {"_count": str(count)} | ({"status": status} if status else {}) | ({"page": page} if page else {})
        found = source(access, settings).overview(query)
        printing.as_json(found) if format == "json" else printing.subscriptions(found)
        return 0


@app.command
def show(id: Id, *, format: Format = "text", settings: Settings = None, access: Access = USUAL) -> int:
    """Show one subscription: its lane, the latest tries, what was put aside, what was told again."""
    with errors_told("notify show"):
        found = source(access, settings).detail(id)
        printing.as_json(found) if format == "json" else printing.one(found)
        return 0


@app.command
def lanes(*, format: Format = "text", settings: Settings = None, access: Access = USUAL) -> int:
    """Show how far every subscription is served. Exit code 1: one fails, or is in error."""
    with errors_told("notify lanes"):
        found = _all(source(access, settings))
        if format == "json":
            printing.as_json([{"subscription": each.id, "status": each.status, "lane": each.lane} for each in found])
        else:
            printing.lanes(found)
        return IN_TROUBLE if any(_is_in_trouble(each) for each in found) else 0


@app.command(name="dead-letters")
def dead_letters(
    id: Annotated[str | None, Parameter(help="Of a subscription; of all of them without it.")] = None,
    *,
    format: Format = "text",
    settings: Settings = None,
    access: Access = USUAL,
) -> int:
    """List the events that were put aside. Exit code 1: some were not told since."""
    with errors_told("notify dead-letters"):
        asked = source(access, settings)
        ids = [id] if id else [each.id for each in _all(asked) if each.lane.put_aside]  # what was told since is history
        found = [letter for each in ids for letter in asked.detail(each).dead_letters]
        printing.as_json(found) if format == "json" else printing.dead_letters(found)
        return IN_TROUBLE if any(each.is_open for each in found) else 0


@app.command
def replay(
    id: Id,
    *,
    first: Annotated[
        int | None, Parameter(name="--from", help="First event; the oldest that is held unless given.")
    ] = None,
    last: Annotated[int | None, Parameter(name="--to", help="Last event; the newest unless given.")] = None,
    endpoint: Annotated[str, Parameter(help=ELSEWHERE, show_default=False)] = "",
    format: Format = "text",
    access: Access = USUAL,
) -> int:
    """Have a range of events told once more. The hub does it beside what it tells anyway; `show` says how far it is."""
    with errors_told("notify replay"):
        numbers = {"eventsSinceNumber": first, "eventsUntilNumber": last}
        values = {name: str(number) for name, number in numbers.items() if number is not None}
        told = Hub(access).replay(id, values | ({"endpoint": endpoint} if endpoint else {}))
        if format == "json":
            printing.as_json(told)
        else:
            print(f"replay {told['replay']}: events {told['first']} to {told['last']} of {id} are told again")
        return 0


@app.command
def status(*, format: Format = "text", access: Access = USUAL) -> int:
    """Tell how many subscriptions there are and how fast they are told. Exit code 1: one is in error."""
    with errors_told("notify status"):
        found = Hub(access).overview({"_count": "1"})
        printing.as_json(found) if format == "json" else printing.status(found)
        return IN_TROUBLE if found.totals.error else 0


@app.command
def token(*, access: Access = USUAL) -> int:
    """Print an access token, made with a client's key, to sign in to the console with. Keep it to yourself."""
    with errors_told("notify token"):
        print(Hub(access).token())
        return 0


def _all(asked: Source) -> list[Standing]:
    """Every subscription, page by page."""
    found: list[Standing] = []
    query = {"_count": PAGE}
    while True:
        page = asked.overview(query)
        found += page.standings
        if not page.next:
            return found
        query = {"_count": PAGE, "page": page.next}


def _is_in_trouble(standing: Standing) -> bool:
    return standing.status == "error" or bool(standing.problem) or standing.lane.failing_since is not None
