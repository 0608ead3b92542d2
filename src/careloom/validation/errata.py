"""Corrections to the definitions of R4 4.0.1, each with its reason.

The published package cannot be changed, and the reference validator judges by later corrections of it.
"""

from collections.abc import Mapping

EXTENSION_CONTEXTS: Mapping[str, str] = {
    # The primitive types of 4.0.1 say their own patterns with it, on the type of an element.
    "http://hl7.org/fhir/StructureDefinition/regex": "ElementDefinition.type",
    # 4.0.1 says ValueSet.compose.include.concept, and has it in code systems of its own.
    "http://hl7.org/fhir/StructureDefinition/valueset-concept-comments": "CodeSystem.concept",
    # 4.0.1 says ElementDefinition.type.code; every snapshot of the same package has it one level up, on the type.
    "http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type": "ElementDefinition.type",
    # 4.0.1 says StructureDefinition, and has it on value sets, code systems, operations and elements as well.
    "http://hl7.org/fhir/StructureDefinition/structuredefinition-normative-version": "*",
}
"""URL of an extension to a place where it may be used besides those its definition names."""

BINDING_STRENGTHS: Mapping[str, str] = {
    # Required by 4.0.1 on any component of a vital sign, which rules out the flow rate and the inspired oxygen
    # concentration that US Core, built on the same profile, prescribes for pulse oximetry.
    "http://hl7.org/fhir/ValueSet/ucum-vitals-common|4.0.1": "extensible",
}
"""Value set to the strength with which it is really bound."""

EXPRESSIONS: Mapping[str, str] = {
    # Written for entries with a fullUrl; for one without, as in a batch, it evaluates to nothing, which fails.
    "bdl-8": "fullUrl.empty() or fullUrl.contains('/_history/').not()",
    # Its text is about a dateTime alone; for a Period the expression evaluates to nothing, which fails.
    "vs-1": "$this.is(dateTime).not() or $this.toString().length() >= 8",
    # Its text says "more than one enableWhen", its expression in 4.0.1 says more than two.
    "que-12": "enableWhen.count() > 1 implies enableBehavior.exists()",
}
"""Key of an invariant to the expression that says what its text says."""
