"""What the records are made of: names, places, and codes with their terms.

Codes are from SNOMED CT and LOINC, a few of each, as they appear in published examples of messages. Nothing here
comes from a real person; NHS numbers are of the range 999, which is set aside for tests.
"""

from careloom.model.records import dataclass

SNOMED = "http://snomed.info/sct"
LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
ODS = "https://fhir.nhs.uk/Id/ods-organization-code"


@dataclass(frozen=True, slots=True)
class Measure:
    """Something measured: LOINC code and term, unit with its UCUM code, lowest and highest value, decimal places."""

    code: str
    term: str
    unit: str
    ucum: str
    low: float
    high: float
    places: int
    category: str = "laboratory"


FAMILIES = (
    "Ahmed",
    "Begum",
    "Brown",
    "Campbell",
    "Davies",
    "Evans",
    "Green",
    "Hughes",
    "Jones",
    "Kaur",
    "Khan",
    "Kowalski",
    "MacDonald",
    "Murphy",
    "Okafor",
    "Patel",
    "Roberts",
    "Singh",
    "Smith",
    "Taylor",
    "Thomas",
    "Walker",
    "Williams",
    "Wilson",
    "Wright",
)
GIVEN = {
    "female": (
        "Aisha",
        "Amelia",
        "Carys",
        "Chloe",
        "Fatima",
        "Freya",
        "Grace",
        "Isla",
        "Mairi",
        "Olivia",
        "Priya",
        "Sophie",
        "Zofia",
    ),
    "male": (
        "Adam",
        "Arjun",
        "Callum",
        "Dylan",
        "George",
        "Harry",
        "Ibrahim",
        "Jack",
        "Mohammed",
        "Noah",
        "Oliver",
        "Rhys",
        "Tomasz",
    ),
}
STREETS = ("Abbey Road", "Castle Street", "Church Lane", "High Street", "Mill Lane", "Park Avenue", "Station Road")
TOWNS = (
    ("Leeds", "West Yorkshire", "LS"),
    ("Cardiff", "South Glamorgan", "CF"),
    ("Glasgow", "Lanarkshire", "G"),
    ("Belfast", "County Antrim", "BT"),
    ("Norwich", "Norfolk", "NR"),
    ("Plymouth", "Devon", "PL"),
)
PRACTICES = (("B86022", "High Street Surgery"), ("W97061", "Llanfair Medical Centre"), ("L83042", "Harbour Practice"))
HOSPITALS = (("RR8", "Leeds Teaching Hospitals NHS Trust"), ("RM1", "Norfolk and Norwich University Hospitals"))

CONDITIONS = (
    ("38341003", "Hypertensive disorder"),
    ("44054006", "Type 2 diabetes mellitus"),
    ("195967001", "Asthma"),
    ("13645005", "Chronic obstructive lung disease"),
    ("414545008", "Ischemic heart disease"),
    ("35489007", "Depressive disorder"),
    ("396275006", "Osteoarthritis"),
    ("40930008", "Hypothyroidism"),
)
MEDICATIONS = (
    ("322236009", "Paracetamol 500mg tablets", "tablet", "TAB"),
    ("319740004", "Amlodipine 5mg tablets", "tablet", "TAB"),
    ("325072002", "Metformin 500mg tablets", "tablet", "TAB"),
    ("319996000", "Atorvastatin 20mg tablets", "tablet", "TAB"),
    ("320139002", "Salbutamol 100micrograms/dose inhaler", "dose", "PUFF"),
    ("317249006", "Omeprazole 20mg gastro-resistant capsules", "capsule", "CAP"),
)
ALLERGIES = (
    ("91936005", "Allergy to penicillin", "medication", "247472004", "Urticaria"),
    ("91935009", "Allergy to peanut", "food", "39579001", "Anaphylaxis"),
    ("232350006", "House dust mite allergy", "environment", "162367006", "Rhinitis"),
    ("300916003", "Latex allergy", "environment", "271807003", "Eruption of skin"),
)
REASONS = (
    ("185345009", "Encounter for symptom"),
    ("390906007", "Follow-up encounter"),
    ("308335008", "Patient encounter procedure"),
)
MEASURES = (
    Measure("8867-4", "Heart rate", "beats/minute", "/min", 52, 110, 0, "vital-signs"),
    Measure("9279-1", "Respiratory rate", "breaths/minute", "/min", 10, 24, 0, "vital-signs"),
    Measure("8310-5", "Body temperature", "C", "Cel", 35, 39, 1, "vital-signs"),
    Measure("29463-7", "Body weight", "kg", "kg", 45, 120, 1, "vital-signs"),
    Measure("8302-2", "Body height", "cm", "cm", 145, 200, 1, "vital-signs"),
    Measure("4548-4", "Hemoglobin A1c/Hemoglobin.total in Blood", "%", "%", 4, 11, 1),
    Measure("2160-0", "Creatinine [Mass/volume] in Serum or Plasma", "mg/dL", "mg/dL", 0.5, 2.5, 2),
    Measure("2951-2", "Sodium [Moles/volume] in Serum or Plasma", "mmol/L", "mmol/L", 128, 150, 0),
    Measure("718-7", "Hemoglobin [Mass/volume] in Blood", "g/dL", "g/dL", 8, 18, 1),
    Measure("2093-3", "Cholesterol [Mass/volume] in Serum or Plasma", "mg/dL", "mg/dL", 120, 300, 0),
)
SYSTOLIC = Measure("8480-6", "Systolic blood pressure", "mmHg", "mm[Hg]", 95, 180, 0)
DIASTOLIC = Measure("8462-4", "Diastolic blood pressure", "mmHg", "mm[Hg]", 55, 110, 0)
