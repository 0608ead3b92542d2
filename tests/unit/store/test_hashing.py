from careloom.store.hashing import derived, hasher

SECRET = bytes(32)


def test_the_same_texts_hash_the_same() -> None:
    assert hasher(SECRET)("Patient", "code", "a") == hasher(SECRET)("Patient", "code", "a")


def test_texts_are_kept_apart() -> None:
    hash_of = hasher(SECRET)
    assert len({hash_of("ab", "c"), hash_of("a", "bc"), hash_of("abc"), hash_of("ab", "c", "")}) == 4


def test_another_secret_gives_other_hashes() -> None:
    assert hasher(SECRET)("a") != hasher(b"x" * 32)("a")


def test_a_hash_fits_a_column() -> None:
    hash_of = hasher(SECRET)
    numbers = [hash_of(str(number)) for number in range(1000)]
    assert all(-(2**63) <= number < 2**63 for number in numbers)
    assert len(set(numbers)) == 1000


def test_each_purpose_has_its_own_key() -> None:
    assert derived(SECRET, "page") != derived(SECRET, "posting")
