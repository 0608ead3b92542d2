"""What a SearchParameter must be before it is offered to the writer: one that can be searched by, if it is active.

The store takes it up once it is recorded (`careloom.store.port.Repository.renew_parameters`); here is only the door.
"""

from careloom.governance import Grant
from careloom.model.resource import Resource
from careloom.rest.hub import BeforeWrite
from careloom.search.custom import require_servable
from careloom.store import Repository


def servable(repository: Repository) -> BeforeWrite:
    """The hook of the type.

    Args:
        repository: Knows the parameters of the moment.
    """

    def accept(resource: Resource, grant: Grant) -> Resource:
        require_servable(resource, repository.parameters)
        return resource

    return accept
