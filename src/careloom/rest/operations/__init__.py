"""Operations on the record: one file for each, one list that names them."""

from careloom.rest.operation import Operation
from careloom.rest.operations.document import DOCUMENT
from careloom.rest.operations.erase import ERASE
from careloom.rest.operations.everything import EVERYTHING
from careloom.rest.operations.export import EXPORT
from careloom.rest.operations.graphql import GRAPHQL
from careloom.rest.operations.importing import IMPORT
from careloom.rest.operations.lastn import LASTN
from careloom.rest.operations.match import MATCH
from careloom.rest.operations.meta import META
from careloom.rest.operations.process_message import PROCESS_MESSAGE

OPERATIONS: tuple[Operation, ...] = (
    *EVERYTHING,
    *EXPORT,
    *META,
    *LASTN,
    *MATCH,
    *DOCUMENT,
    *PROCESS_MESSAGE,
    *IMPORT,
    *ERASE,
    *GRAPHQL,
)

__all__ = ["OPERATIONS"]
