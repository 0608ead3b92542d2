import pytest

from careloom.search.folding import exact, fold, words_from


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Peter", "peter"),
        ("José", "jose"),
        ("Jose\u0301", "jose"),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        ("O'Neill", "oneill"),
        ("O\N{RIGHT SINGLE QUOTATION MARK}Neill", "oneill"),
        ("Smith-Jones", "smith jones"),
        ("Smith\N{EN DASH}Jones", "smith jones"),
        ("  van \t der\nBerg ", "van der berg"),
        ("12, High St.", "12 high st"),
        ("ﬁnal Ⅳ", "final iv"),
        ("İstanbul", "istanbul"),
        ("東京", "東京"),
        ("-", ""),
        ("", ""),
    ],
)
def test_case_accents_punctuation_and_extra_space_are_gone(text: str, folded: str) -> None:
    assert folded == fold(text)


def test_a_text_begins_again_at_each_later_word() -> None:
    assert ["jones", "of leeds", "leeds"] == [*words_from("smith jones"), *words_from("jones of leeds")]


def test_exact_texts_are_equal_however_their_accents_were_typed() -> None:
    assert exact("Jose\u0301") == exact("José") != exact("Jose")
