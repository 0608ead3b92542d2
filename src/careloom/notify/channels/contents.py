"""What a channel has to know of the notification that it carries."""

from careloom.model import Resource, parse_json
from careloom.model.records import dataclass


@dataclass(frozen=True, slots=True)
class Carried:
    """Whose notification it is, and of which events.

    Attributes:
        subscription: Id of the Subscription.
        first: Number of the first event; 0 where it has none.
        last: Number of the last event; 0 where it has none.
    """

    subscription: str
    first: int
    last: int

    @classmethod
    def of(cls, body: bytes) -> "Carried":
        """What a notification in JSON carries."""
        return cls.in_bundle(parse_json(body))

    @classmethod
    def in_bundle(cls, bundle: Resource) -> "Carried":
        """What a notification carries."""
        parameters = bundle["entry"][0]["resource"]["parameter"]
        reference = next(each["valueReference"]["reference"] for each in parameters if each["name"] == "subscription")
        numbers = [
            int(part["valueString"])
            for each in parameters
            if each["name"] == "notification-event"
            for part in each["part"]
            if part["name"] == "event-number"
        ]
        return cls(reference.rpartition("/")[2], numbers[0] if numbers else 0, numbers[-1] if numbers else 0)

    @classmethod
    def read(cls, text: str) -> "Carried | None":
        """What `written` has written; None for anything else."""
        subscription, *numbers = text.split("|")
        if len(numbers) != 2 or not subscription or not all(each.isascii() and each.isdecimal() for each in numbers):
            return None
        return cls(subscription, int(numbers[0]), int(numbers[1]))

    def written(self) -> str:
        """On one line."""
        return f"{self.subscription}|{self.first}|{self.last}"
