"""A message out of a mailbox on its way to the record: whose it is, and what it says."""

from collections.abc import Callable, Collection, Mapping

from careloom.connectors.inflow import Inflow
from careloom.connectors.intake import Intake
from careloom.connectors.mesh.mailbox import Received
from careloom.model.errors import ForbiddenError, NotSupportedError
from careloom.model.records import dataclass


@dataclass(frozen=True, slots=True)
class MessageIntake:
    """Records messages.

    Attributes:
        mailboxes: By id of a mailbox, the id of the client whose it is.
        intake: Gives the way in of a client.
        inflow: Reads what is sent.
        workflows: Ids of those whose messages are taken; none where all are.
    """

    mailboxes: Mapping[str, str]
    intake: Callable[[str], Intake]
    inflow: Inflow
    workflows: Collection[str] = ()

    async def take(self, message: Received) -> None:
        """Record a message.

        Raises:
            ForbiddenError: Its sender is not known, or may not write what it says.
            NotSupportedError: It is of a workflow that is not taken, or of something else.
            CareloomError: It is no good, or cannot be recorded now.
        """
        client = self.mailboxes.get(message.sender)
        if client is None:
            raise ForbiddenError(f"sender: one of the mailboxes in the settings expected, {message.sender!r} found")
        if self.workflows and message.workflow not in self.workflows:
            taken = ", ".join(sorted(self.workflows))
            raise NotSupportedError(f"workflow: one that is taken ({taken}) expected, {message.workflow!r} found")
        brought = self.inflow.message(client, message.content_type, message.data)
        await self.intake(client).take(brought, f"mesh:{message.sender}")
