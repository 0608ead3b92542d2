"""What a patient administration system says in the course of a day, made up and the same for the same seed.

People are registered, come in, are moved, treated by another consultant, discharged, and change their address; records
turn out to be of one person. Half of the updates are about what the hub keeps nothing of, such as next of kin, as most
updates are that such a system sends. A control id is used once, times go on, and a visit has one number.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from careloom.synth.population import nhs_number

SHARES = {
    "A08": 38,
    "A01": 13,
    "A03": 12,
    "A04": 11,
    "A02": 10,
    "A31": 10,
    "A28": 4,
    "A40": 1,
    "A11": 0.5,
    "A12": 0.5,
}
"""Messages of each event in a hundred."""

_MOST_PEOPLE = 7_000
"""Of one sender; numbers of up to seventy senders then stay apart, see `nhs_number`."""

_FAMILIES = [
    "Okafor",
    "Shah",
    "Walker",
    "Evans",
    "Nowak",
    "Hughes",
    "Begum",
    "Clarke",
    "Mensah",
    "Doyle",
    "Ferreira",
    "Grant",
    "Ivanova",
    "Khan",
    "Lloyd",
]
_GIVEN = [
    "Ada",
    "Priya",
    "Tom",
    "Megan",
    "Zofia",
    "Rhys",
    "Amina",
    "Jack",
    "Kofi",
    "Niamh",
    "Luis",
    "Isla",
    "Olga",
    "Omar",
    "Cerys",
    "Ruth",
    "Peter",
    "Joan",
    "Yusuf",
]
_STREETS = ["High", "Station", "Church", "Mill", "Park", "Victoria", "Green", "Albert", "Queens", "Chapel"]
_TOWNS = (("Leeds", "LS"), ("York", "YO"), ("Hull", "HU"), ("Bradford", "BD"), ("Sheffield", "S"))
_SERVICES = (("300", "General medicine"), ("320", "Cardiology"), ("110", "Trauma and orthopaedics"), ("430", "Elderly"))


@dataclass(slots=True)
class Person:
    """Somebody on record, with the visit that is under way.

    Attributes:
        number: By which patient and NHS number are made.
        moved: How often the address and the telephone have changed.
        visit: Number of the last visit; 0 before the first.
        ward: Place of the visit.
        before: Place before the last move.
        consultant: Who treats the patient.
        since: When the visit began.
    """

    number: int
    moved: int = 0
    visit: int = 0
    ward: int = 0
    before: int = 0
    consultant: int = 0
    since: str = ""


class Hospital:
    """One sender.

    Args:
        name: Makes its patients and visits different from those of others.
        people: Who is known at the beginning.
        seed: Of what happens.
    """

    def __init__(self, name: int, people: int, seed: int) -> None:
        self._name, self._random = name, Random(f"{seed} {name}")
        self._out = [Person(number) for number in range(people)]
        self._in: list[Person] = []
        self._count, self._people = 0, people

    def register(self) -> Iterator[bytes]:
        """A message for everybody who is known at the beginning."""
        return (self._message("A28", person) for person in list(self._out))

    def messages(self, count: int) -> Iterator[bytes]:
        """What happens."""
        names, weights = list(SHARES), list(SHARES.values())
        for event in self._random.choices(names, weights, k=count):
            yield self._happens(event)

    def _happens(self, event: str) -> bytes:
        if event == "A28" or not self._out:
            return self._message("A28", self._newborn())
        if event == "A31":
            return self._message("A31", self._moved(self._random.choice(self._out)))
        if event == "A40":
            return self._merged()
        if event in ("A01", "A04") or not self._in:
            return self._arrived("A04" if event == "A04" else "A01")
        return self._stays(event, self._random.choice(self._in))

    def _stays(self, event: str, person: Person) -> bytes:
        match event:
            case "A02":
                person.before, person.ward = person.ward, self._random.randrange(400)
            case "A12":
                person.before, person.ward = person.ward, person.before
            case "A03" | "A11":
                self._in.remove(person)
                self._out.append(person)
            case _ if self._random.random() < 0.25:
                person.consultant = self._random.randrange(60)
            case _ if self._random.random() < 0.33:
                self._moved(person)
        return self._message(event, person)

    def _arrived(self, event: str) -> bytes:
        person = self._out.pop(self._random.randrange(len(self._out)))
        self._in.append(person)
        person.visit, person.since = self._count, self._time(self._count)
        person.ward = person.before = self._random.randrange(400)
        person.consultant = self._random.randrange(60)
        return self._message(event, person)

    def _newborn(self) -> Person:
        self._people += 1
        person = Person(self._people)
        self._out.append(person)
        return person

    def _moved(self, person: Person) -> Person:
        person.moved += 1
        return person

    def _merged(self) -> bytes:
        """Two records become one; the other person leaves, for nothing more is told of them."""
        gone = self._out.pop(self._random.randrange(len(self._out)))
        kept = self._random.choice(self._out) if self._out else self._newborn()
        return self._message("A40", kept, f"MRG|{self._own(gone)}^^^ACUTE^MR")

    def _message(self, event: str, person: Person, *more: str) -> bytes:
        self._count += 1
        now = self._time(self._count)
        visit = () if event in ("A28", "A31", "A40") else (self._visit(event, person),)
        lines = (
            rf"MSH|^~\&|MERIDIAN|NORTH|HUB|REGION|{now}||ADT^{event}^ADT_{event}|{self._name}-{self._count}|P|2.5.1"
            "|||||GBR|UNICODE UTF-8",
            f"EVN||{now}|||CLERK{self._random.randrange(40)}^Clerk^A",
            self._person(person),
            f"PD1||||G{person.number % 900:07}^Surgery^Dr^^^Dr^^^GMC",
            *more,
            f"NK1|1|{self._random.choice(_FAMILIES)}^{self._random.choice(_GIVEN)}|SPO|||EC",
            *visit,
            f"ZPD|{self._random.randrange(9)}|Y",
            "",
        )
        return "\r".join(lines).encode()

    def _own(self, person: Person) -> str:
        return f"P{self._name:02}{person.number:06}"

    def _person(self, person: Person) -> str:
        number, home = person.number, person.number * 7 + person.moved
        family, given = _FAMILIES[number % 15], _GIVEN[number % 19]
        town, area = _TOWNS[home % 5]
        nhs = nhs_number(_MOST_PEOPLE * self._name + number)
        born = f"{1926 + number % 97}{1 + number % 12:02}{1 + number % 28:02}"
        street = f"{1 + home % 180} {_STREETS[home % 10]} Street^^{town}^^{area}{1 + home % 17} {1 + home % 9}AB^GBR^H"
        phone = f"01{100 + home % 800} {100_000 + home * 37 % 899_999}^PRN^PH"
        names = f"{family}^{given}^{_GIVEN[home % 19] if number % 3 else ''}^^{'Mr' if number % 2 else 'Ms'}^^L"
        identifiers = f"{self._own(person)}^^^ACUTE^MR~{nhs}^^^NHS^NH"
        return f"PID|1||{identifiers}||{names}||{born}|{'M' if number % 2 else 'F'}|||{street}||{phone}|||S"

    def _visit(self, event: str, person: Person) -> str:
        place = f"W{person.ward // 20}^R{person.ward // 4 % 5}^B{person.ward % 4}^NORTH"
        consultant = f"C{person.consultant:07}^{_FAMILIES[person.consultant % 15]}^Dr^^^Dr^^^GMC"
        service, name = _SERVICES[person.consultant % 4]
        fields = {
            1: "1",
            2: "O" if event == "A04" else "I",
            3: place,
            4: "R",
            7: consultant,
            10: f"{service}^{name}^L",
            19: f"V{self._name:02}{person.visit:08}^^^ACUTE^VN",
            44: person.since,
        }
        return "PV1|" + "|".join(fields.get(place, "") for place in range(1, 45))

    @staticmethod
    def _time(count: int) -> str:
        seconds = 7 * count
        return f"202611{1 + seconds // 86_400:02}{seconds // 3600 % 24:02}{seconds // 60 % 60:02}{seconds % 60:02}"
