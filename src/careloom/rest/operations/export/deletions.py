"""What has been deleted since an instant, for ``deleted`` in the manifest of an export.

A deletion itself does not say whose resource it was; the version before it does.

Source: Bulk Data Access 2.0.0, response body, ``deleted``.
"""

from collections.abc import AsyncIterator
from typing import Final

from careloom.model.resource import Resource
from careloom.rest.operations.export.population import Population
from careloom.rest.ownership import is_anothers
from careloom.store import HistoryQuery, Version

_PAGE: Final = 500


async def deletions(population: Population) -> AsyncIterator[Resource]:
    """A transaction Bundle of one deletion for each resource of an export that is gone and was there before."""
    order, repository = population.order, population.hub.repository
    if order.since is None or not order.types:
        return
    seen: set[str] = set()
    query: HistoryQuery | None = HistoryQuery(types=order.types, since=order.since, count=_PAGE)
    while query:
        page = await repository.history(query)
        for version in page.versions:
            if version.reference not in seen:  # the newest first: what came after a deletion undoes it
                seen.add(version.reference)
                if version.is_deleted and await _was_of(version, population):
                    yield _deletion(version)
        query = _next(query, page.next)


def _next(query: HistoryQuery, beyond: int | None) -> HistoryQuery | None:
    if beyond is None:
        return None
    return HistoryQuery(types=query.types, since=query.since, beyond=beyond, count=query.count)


async def _was_of(version: Version, population: Population) -> bool:
    """Whether what was deleted was the client's to see, and about whom the export is."""
    hub, order = population.hub, population.order
    before = await hub.repository.vread(version.type, version.id, str(int(version.version_id) - 1))
    if before is None or before.resource is None or is_anothers(before, population.request, hub):
        return False
    if order.scope == "system":
        return True
    patients = population.patients_of(before)
    return bool(patients if order.patients is None else patients.intersection(order.patients))


def _deletion(version: Version) -> Resource:
    request = {"method": "DELETE", "url": version.reference}
    return {"resourceType": "Bundle", "type": "transaction", "entry": [{"request": request}]}
