"""Event messages as NEMS sends them, in STU3, made up for tests."""

NHS_NUMBER = "9990548609"

HEADER = """
<entry><fullUrl value="urn:uuid:header"/><resource><MessageHeader>
  <id value="{id}"/>
  <meta><versionId value="{version}"/><lastUpdated value="2026-11-01T15:00:33+00:00"/></meta>
  <extension url="https://fhir.nhs.uk/STU3/StructureDefinition/Extension-RoutingDemographics-1">
    <extension url="nhsNumber"><valueIdentifier>
      <system value="https://fhir.nhs.uk/Id/nhs-number"/><value value="9990548609"/>
    </valueIdentifier></extension>
  </extension>
  <extension url="https://fhir.nhs.uk/STU3/StructureDefinition/Extension-MessageEventType-1">
    <valueCodeableConcept><coding>
      <system value="https://fhir.nhs.uk/STU3/CodeSystem/MessageEventType-1"/><code value="{kind}"/>
    </coding></valueCodeableConcept>
  </extension>
  <event><system value="https://fhir.nhs.uk/STU3/CodeSystem/EventType-1"/><code value="{code}"/></event>
  <timestamp value="2026-11-01T15:00:00+00:00"/>
  <source><endpoint value="{publisher}"/></source>
  <focus><reference value="urn:uuid:communication"/></focus>
</MessageHeader></resource></entry>
<entry><fullUrl value="urn:uuid:service"/><resource><HealthcareService>
  <providedBy><reference value="urn:uuid:nobody"/></providedBy><type><coding><code value="PDS"/></coding></type>
</HealthcareService></resource></entry>
<entry><fullUrl value="urn:uuid:communication"/><resource><Communication>
  <notDone value="false"/><status value="completed"/><subject><reference value="urn:uuid:patient"/></subject>
  <recipient><reference value="urn:uuid:practice"/></recipient><sent value="2026-12-01"/>
  <payload><contentReference><reference value="urn:uuid:patient"/></contentReference></payload>
</Communication></resource></entry>
"""

PATIENT = """
<entry><fullUrl value="urn:uuid:patient"/><resource><Patient>
  <id value="theirs"/>
  <meta><profile value="https://fhir.hl7.org.uk/STU3/StructureDefinition/CareConnect-Patient-1"/></meta>
  {extension}
  <identifier><system value="https://fhir.nhs.uk/Id/nhs-number"/><value value="9990548609"/></identifier>
  <name><use value="official"/><family value="ASHE"/><given value="Robin"/></name>
  {rest}
</Patient></resource></entry>
"""

DEATH = """
<extension url="https://fhir.hl7.org.uk/STU3/StructureDefinition/Extension-CareConnect-DeathNotificationStatus-1">
  <extension url="deathNotificationStatus"><valueCodeableConcept><coding>
    <system value="https://fhir.hl7.org.uk/STU3/CodeSystem/CareConnect-DeathNotificationStatus-1"/>
    <code value="{code}"/>
  </coding></valueCodeableConcept></extension>
  <extension url="systemEffectiveDate"><valueDateTime value="2026-11-03T00:00:00+00:00"/></extension>
</extension>
"""

PRACTICE = """
<entry><fullUrl value="urn:uuid:practice"/><resource><Organization>
  <identifier><system value="https://fhir.nhs.uk/Id/ods-organization-code"/><value value="B86056"/></identifier>
  <name value="Larch Road Surgery"/>
</Organization></resource></entry>
"""

STAY = """
<entry><fullUrl value="urn:uuid:stay"/><resource><Encounter>
  <id value="12779557-9033-4213-876f-69a670cdf35d"/>
  <status value="{status}"/>
  <subject><reference value="urn:uuid:patient"/></subject>
  <reason><text value="a fall"/></reason>
</Encounter></resource></entry>
"""


def a_message(
    code: str,
    *entries: str,
    id: str = "m-1",
    kind: str = "new",
    version: str = "1",
    publisher: str = "urn:nhs:addressing:asid:477121000323",
) -> bytes:
    header = HEADER.format(id=id, kind=kind, version=version, code=code, publisher=publisher)
    return f'<Bundle xmlns="http://hl7.org/fhir"><type value="message"/>{header}{"".join(entries)}</Bundle>'.encode()


def a_patient(rest: str = "", extension: str = "") -> str:
    return PATIENT.format(rest=rest, extension=extension)


def a_death(code: str, rest: str = '<deceasedDateTime value="2026-11-01"/>', **changes: str) -> bytes:
    patient = a_patient("" if code == "U" else rest, DEATH.format(code=code))
    return a_message("pds-death-notification-1", patient, **changes)


def a_change_of_gp(**changes: str) -> bytes:
    practitioner = '<generalPractitioner><reference value="urn:uuid:practice"/></generalPractitioner>'
    return a_message("pds-change-of-gp-1", a_patient(practitioner), PRACTICE, **changes)


def a_change_of_address(line: str, **changes: str) -> bytes:
    return a_message("pds-change-of-address-1", a_patient(f'<address><line value="{line}"/></address>'), **changes)


def a_stay(status: str = "in-progress", **changes: str) -> bytes:
    return a_message("encounter-1", STAY.format(status=status), **changes)
