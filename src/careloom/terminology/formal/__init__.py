"""Code systems that are a grammar or a short public list, not a table in a package.

Sources: BCP 47 (RFC 5646) for languages, BCP 13 (RFC 6838) for media types, UCUM for units, ISO 4217 for currencies.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from typing import Any

_LANGUAGE = re.compile(
    r"(?:(?:[A-Za-z]{2,3}(?:-[A-Za-z]{3}){0,3}|[A-Za-z]{4}|[A-Za-z]{5,8})"  # language, or one reserved or registered
    r"(?:-[A-Za-z]{4})?"  # script
    r"(?:-(?:[A-Za-z]{2}|[0-9]{3}))?"  # region
    r"(?:-(?:[A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3}))*"  # variants
    r"(?:-[0-9A-WY-Za-wy-z](?:-[A-Za-z0-9]{2,8})+)*"  # extensions
    r"(?:-[xX](?:-[A-Za-z0-9]{1,8})+)?"  # private use
    r"|[xX](?:-[A-Za-z0-9]{1,8})+)"
)
_TOKEN = r"[A-Za-z0-9!#$&^_.+-]{1,127}"
_MEDIA_TYPE = re.compile(rf'{_TOKEN}/(?:{_TOKEN}|\*)(?:\s*;\s*{_TOKEN}=(?:[^\s;"]+|"[^"]*"))*')
_SHORT_FORMATS = frozenset(["json", "ttl", "xml"])
_CURRENCIES = frozenset(
    """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF
    CHE CHF CHW CLF CLP CNY COP COU CRC CUC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD
    GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP
    LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN
    PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS SRD SSP STN SVC SYP SZL THB TJS
    TMT TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VES VND VUV WST XAF XAG XAU XBA XBB XBC XBD XCD
    XDR XOF XPD XPF XPT XSU XTS XUA XXX YER ZAR ZMW ZWL
    """.split()  # noqa: SIM905  (a list of 180 literals would be ten times as long)
)

UCUM = "http://unitsofmeasure.org"


def is_language(code: str) -> bool:
    """Whether a tag is well formed by BCP 47; the registry of subtags is not looked at."""
    return _LANGUAGE.fullmatch(code) is not None


def is_media_type(code: str) -> bool:
    """Whether this is ``type/subtype`` with or without parameters, or a short name of a FHIR format.

    Source: FHIR R4, CapabilityStatement.format.
    """
    return code in _SHORT_FORMATS or _MEDIA_TYPE.fullmatch(code) is not None


def is_currency(code: str) -> bool:
    """Whether ISO 4217 has this code."""
    return code in _CURRENCIES


@lru_cache(maxsize=10_000)
def is_unit(code: str) -> bool:
    """Whether this is an expression of UCUM, case sensitive."""
    from lark.exceptions import LarkError  # noqa: PLC0415  (the grammar takes 0.7 s to load: only who meets units pays)

    if not code or not code.isascii() or any(character.isspace() for character in code):
        return False
    try:
        _unit_grammar().parse(code)
    except LarkError:
        return False
    return True


@cache
def _unit_grammar() -> Any:
    from ucumvert import get_ucum_parser  # noqa: PLC0415  (as above)

    return get_ucum_parser()


FORMAL_SYSTEMS: Mapping[str, Callable[[str], bool]] = {
    "urn:ietf:bcp:47": is_language,
    "urn:ietf:bcp:13": is_media_type,
    "urn:iso:std:iso:4217": is_currency,
    UCUM: is_unit,
}
"""Code system URL to the question whether it has a code."""
