"""The section ``[notify]``: where notifications may go, when they are tried again, how much one client may ask for."""

from datetime import timedelta
from pathlib import Path
from typing import Final

from careloom.model.records import dataclass
from careloom.notify import EndpointPolicy, RetryPolicy
from careloom.notify.equals import MOST_EQUAL
from careloom.notify.replays import MOST_OPEN
from careloom.notify.signals.signal import URI_REFERENCE
from careloom.settings.tables import Table
from careloom.settings.tls import USUAL_TLS, ClientTls, read_client_tls

_USUAL: Final = RetryPolicy()


@dataclass(frozen=True, slots=True)
class NotifySettings:
    """Where notifications may go, and when they are tried again.

    Attributes:
        endpoints: Where may be sent to.
        retry: When to try again.
        folders: With a locality's own topics.
        takes_classic: Whether subscriptions are taken whose criteria are a search, as R4 had them before topics.
        most_equal: How many equal subscriptions one client may have.
        most_replays: How many replays of one client may be open at a time.
        signal_source: Who signals say that they come from; empty for the name of the hub's host from the end.
        tls: What the hub proves itself by to those it tells.
    """

    endpoints: EndpointPolicy
    retry: RetryPolicy
    folders: tuple[Path, ...] = ()
    takes_classic: bool = False
    most_equal: int = MOST_EQUAL
    most_replays: int = MOST_OPEN
    signal_source: str = ""
    tls: ClientTls = USUAL_TLS


def read_notify(root: Table) -> NotifySettings:
    """The section of a settings file; what is wrong with it becomes a complaint."""
    with root.table("notify") as notify:
        networks = notify.texts("allow_endpoints", ())
        return NotifySettings(
            endpoints=notify.attempt("allow_endpoints", lambda: EndpointPolicy.of(networks), EndpointPolicy()),
            retry=_retry(notify),
            folders=notify.paths("topics"),
            takes_classic=notify.flag("r4_subscriptions", False),
            most_equal=notify.whole("equal_subscriptions", MOST_EQUAL, least=1, most=10_000),
            most_replays=notify.whole("open_replays", MOST_OPEN, least=1, most=10_000),
            signal_source=notify.text("signal_source", "", pattern=URI_REFERENCE, form="a URI reference"),
            tls=read_client_tls(notify),
        )


def _retry(notify: Table) -> RetryPolicy:
    return RetryPolicy(
        base=notify.seconds("retry_base", _USUAL.base),
        ceiling=notify.seconds("retry_ceiling", _USUAL.ceiling),
        budget=timedelta(seconds=notify.seconds("retry_budget", _USUAL.budget.total_seconds())),
    )
