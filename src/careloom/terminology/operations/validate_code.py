"""ValueSet $validate-code and CodeSystem $validate-code. Source: FHIR R4, the operations of these names."""

from collections.abc import Callable, Sequence
from functools import partial

from careloom.model import Resource
from careloom.model.errors import InvalidError, NotFoundError
from careloom.model.parameters import Inputs, parameters
from careloom.terminology.displays import display_of, is_right_display
from careloom.terminology.operations.inputs import CodeInput, codes
from careloom.terminology.results import CodeResult, how_to_supply
from careloom.terminology.terminology import Terminology
from careloom.terminology.versions import ANY_VERSION, SystemVersions


def validate_code(terminology: Terminology, inputs: Resource) -> Resource:
    """Tell whether a code is in a value set; of a CodeableConcept, whether one of its codes is.

    Args:
        terminology: What answers.
        inputs: ``url`` with ``valueSetVersion``, or ``valueSet``; ``code`` with ``system`` and ``display``, ``coding``
            or ``codeableConcept``; ``systemVersion``; ``abstract`` (false unless given), ``displayLanguage``.

    Returns:
        Parameters ``result``, ``message``, ``display``; a code that cannot be checked here is not valid, and the
        message says what is lacking.

    Raises:
        InvalidError: No value set or no code is given.
        NotFoundError: No such value set.
    """
    read = Inputs(inputs)
    given = read.resource("valueSet", "ValueSet")
    url = read.text("url")
    if given is None and not url:
        raise InvalidError("url or valueSet expected, found neither")
    version = read.text("valueSetVersion")
    canonical = f"{url}|{version}" if version and "|" not in url else url
    if given is None and terminology.value_set(canonical) is None:
        raise NotFoundError(f"value set {canonical} is not in the loaded definitions")

    def ask(asked: CodeInput) -> CodeResult:
        validate = partial(terminology.validate_code, canonical)
        if given is not None:
            validate = partial(terminology.validate_code_in, given)
        language = read.text("displayLanguage")
        answer = validate(
            system=asked.system,
            code=asked.code,
            display=asked.display,
            language=language,
            versions=_version_of(asked),
        )
        return answer if read.flag("abstract") else _concrete(terminology, asked, answer)

    return _told(_best(codes(read), ask))


def validate_code_of_system(terminology: Terminology, inputs: Resource) -> Resource:
    """Tell whether a code system has a code.

    Args:
        terminology: What answers.
        inputs: ``url`` with ``version``; ``code`` with ``display``, ``coding`` or ``codeableConcept``;
            ``displayLanguage``.

    Raises:
        InvalidError: No code system or no code is given.
    """
    read = Inputs(inputs)
    url, version = read.text("url"), read.text("version")

    def ask(asked: CodeInput) -> CodeResult:
        system = url or asked.system or ""
        if not system or (asked.system and asked.system != system):
            raise InvalidError(f"a code of {system or 'a code system'} expected, found {asked.told}")
        chosen = version or asked.version
        return _in_system(terminology, f"{system}|{chosen}" if chosen else system, asked, read.text("displayLanguage"))

    return _told(_best(codes(read), ask))


def _version_of(asked: CodeInput) -> SystemVersions:
    """The version that a code is of counts where the value set names none."""
    if not asked.system or not asked.version:
        return ANY_VERSION
    return SystemVersions(default=((asked.system, asked.version),))


def _in_system(terminology: Terminology, canonical: str, asked: CodeInput, language: str) -> CodeResult:
    known = terminology.has_code(canonical, asked.code)
    if known is None:
        system = canonical.partition("|")[0]
        return CodeResult("unknown", f"no content of {canonical} here; {how_to_supply(system)}")
    if not known:
        return CodeResult("out", f"{canonical} has no code {asked.code!r}")
    concept = terminology.lookup(canonical, asked.code)
    return CodeResult(
        "in",
        display=display_of(concept, None, language),
        is_inactive=bool(concept and concept.is_inactive),
        is_right_display=None if asked.display is None else is_right_display(asked.display, concept, None, language),
    )


def _concrete(terminology: Terminology, asked: CodeInput, answer: CodeResult) -> CodeResult:
    """The answer where codes that only group others do not count."""
    concept = terminology.lookup(asked.system, asked.code) if asked.system and answer.result == "in" else None
    if concept is not None and concept.is_abstract:
        return CodeResult("out", f"{asked.told} only groups other codes (abstract)", answer.display)
    return answer


def _best(asked: Sequence[CodeInput], ask: Callable[[CodeInput], CodeResult]) -> CodeResult:
    """The first answer that says yes, else the first that does not know, else the first."""
    answers = [ask(each) for each in asked]
    for result in ("in", "unknown"):
        for answer in answers:
            if answer.result == result:
                return answer
    return answers[0]


def _told(answer: CodeResult) -> Resource:
    is_valid = answer.result == "in" and answer.is_right_display is not False
    message = answer.message
    if answer.result == "in" and answer.is_right_display is False:
        message = f"the display {answer.display!r} expected, found another"
    elif answer.is_inactive:
        message = "the code is inactive"
    return parameters(
        {"name": "result", "valueBoolean": is_valid},
        {"name": "message", "valueString": message},
        {"name": "display", "valueString": answer.display},
    )
