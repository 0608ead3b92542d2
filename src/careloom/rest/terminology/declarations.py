"""What the terminology operations take and give, as the OperationDefinitions of FHIR R4 have it.

What is not here is not understood, and refused: ``context`` and ``date`` of a value set, which would need a record of
profiles and of the past.
"""

from careloom.rest.operation import Parameter

_CODE = (
    Parameter("code", "code", about="the code"),
    Parameter("system", "uri", about="the code system of the code"),
    Parameter("display", "string", about="a term to hold against those of the code"),
    Parameter("coding", "Coding", about="the code, with its system"),
    Parameter("codeableConcept", "CodeableConcept", about="codes of which one must be right"),
)
_LANGUAGE = Parameter("displayLanguage", "code", about="the language of displays, as in Accept-Language")
_SUPPLEMENT = Parameter("useSupplement", "canonical", most="*", about="code system supplements to use")
_RESULT = (
    Parameter("result", "boolean", least=1, about="whether the code is right"),
    Parameter("message", "string", about="why not, or what is lacking to tell"),
    Parameter("display", "string", about="a term of the code"),
)

EXPAND = (
    Parameter("url", "uri", about="canonical of the value set"),
    Parameter("valueSet", "ValueSet", about="the value set itself"),
    Parameter("valueSetVersion", "string", about="version of the value set"),
    Parameter("filter", "string", about="words that the terms of a code begin with"),
    Parameter("offset", "integer", about="codes to pass over"),
    Parameter("count", "integer", about="codes to list at most"),
    Parameter("includeDesignations", "boolean", about="tell designations"),
    Parameter("designation", "string", most="*", about="only those of a language or use, as system|code"),
    Parameter("includeDefinition", "boolean", about="tell the definition of the value set as well"),
    Parameter("activeOnly", "boolean", about="leave out codes that are withdrawn"),
    Parameter("excludeNested", "boolean", about="an expansion is flat in any case"),
    Parameter("excludeNotForUI", "boolean", about="leave out codes that only group others"),
    Parameter("excludePostCoordinated", "boolean", about="no expansion has such codes"),
    Parameter("limitedExpansion", "boolean", about="an expansion is whole in any case"),
    _LANGUAGE,
    _SUPPLEMENT,
    Parameter("exclude-system", "canonical", most="*", about="code systems to leave out"),
    Parameter("system-version", "canonical", most="*", about="versions of code systems where none is named"),
    Parameter("check-system-version", "canonical", most="*", about="versions of code systems that must be used"),
    Parameter("force-system-version", "canonical", most="*", about="versions of code systems to use in any case"),
)
EXPANDED = (Parameter("return", "ValueSet", least=1, about="the value set with its expansion"),)

VALIDATE_IN_VALUE_SET = (
    Parameter("url", "uri", about="canonical of the value set"),
    Parameter("valueSet", "ValueSet", about="the value set itself"),
    Parameter("valueSetVersion", "string", about="version of the value set"),
    *_CODE,
    Parameter("systemVersion", "string", about="version of the code system of the code"),
    Parameter("abstract", "boolean", about="whether a code that only groups others counts"),
    _LANGUAGE,
)
VALIDATE_IN_CODE_SYSTEM = (
    Parameter("url", "uri", about="the code system"),
    Parameter("version", "string", about="version of the code system"),
    *_CODE,
    _LANGUAGE,
)
VALIDATED = _RESULT

LOOKUP = (
    Parameter("code", "code", about="the code"),
    Parameter("system", "uri", about="its code system"),
    Parameter("version", "string", about="version of the code system"),
    Parameter("coding", "Coding", about="the code, with its system"),
    _LANGUAGE,
    Parameter("property", "code", most="*", about="what to tell; everything unless given"),
    _SUPPLEMENT,
)
LOOKED_UP = (
    Parameter("name", "string", least=1, about="name of the code system"),
    Parameter("version", "string", about="version of the code system"),
    Parameter("display", "string", least=1, about="the term of the code"),
    Parameter(
        "designation",
        most="*",
        about="other terms",
        parts=(Parameter("language", "code"), Parameter("use", "Coding"), Parameter("value", "string", least=1)),
    ),
    Parameter(
        "property",
        most="*",
        about="what else is known",
        parts=(Parameter("code", "code", least=1), Parameter("value", "Element")),
    ),
)

SUBSUMES = (
    Parameter("codeA", "code", about="the one code"),
    Parameter("codeB", "code", about="the other code"),
    Parameter("system", "uri", about="the code system of both"),
    Parameter("version", "string", about="version of the code system"),
    Parameter("codingA", "Coding", about="the one code, with its system"),
    Parameter("codingB", "Coding", about="the other code, with its system"),
)
SUBSUMED = (Parameter("outcome", "code", least=1, about="equivalent, subsumes, subsumed-by or not-subsumed"),)

TRANSLATE = (
    Parameter("url", "uri", about="canonical of the concept map"),
    Parameter("conceptMap", "ConceptMap", about="the concept map itself"),
    Parameter("conceptMapVersion", "string", about="version of the concept map"),
    Parameter("code", "code", about="the code"),
    Parameter("system", "uri", about="its code system"),
    Parameter("version", "string", about="version of the code system"),
    Parameter("source", "uri", about="the value set that the code was chosen from"),
    Parameter("coding", "Coding", about="the code, with its system"),
    Parameter("codeableConcept", "CodeableConcept", about="codes to translate, each"),
    Parameter("target", "uri", about="the value set to translate to"),
    Parameter("targetsystem", "uri", about="the code system to translate to"),
    Parameter(
        "dependency",
        most="*",
        about="what is known besides",
        parts=(Parameter("element", "uri"), Parameter("concept", "CodeableConcept")),
    ),
    Parameter(
        "reverse", "boolean", about="from the targets of the map to its sources; source and target change places"
    ),
)
TRANSLATED = (
    Parameter("result", "boolean", least=1, about="whether there is a code"),
    Parameter("message", "string", about="why there is none"),
    Parameter(
        "match",
        most="*",
        about="a code, the closest first",
        parts=(
            Parameter("equivalence", "code"),
            Parameter("concept", "Coding"),
            Parameter("product", most="*", parts=(Parameter("element", "uri"), Parameter("concept", "Coding"))),
            Parameter("source", "uri"),
        ),
    ),
)
