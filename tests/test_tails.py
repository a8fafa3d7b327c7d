from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.tails import KEY_LENGTH, Sealer, tail_from_json, tail_to_json

SEALER = Sealer(b"k" * KEY_LENGTH)


@pytest.mark.parametrize(
    ("masked", "text"),
    [
        ("xxxxABCD", "ABCD"),  # project variable
        ("ABCD", "ABCD"),  # context variable: no prefix
        ("xyz", "xyz"),  # a bare tail may begin with x
        ("****", None),
        ("xxxx", None),  # value too short to show anything
        ("", None),
    ],
)
def test_masks_are_taken_off(masked: str, text: str | None) -> None:
    assert SEALER.seal_masked(masked) == (SEALER.seal(text) if text else None)


@pytest.mark.parametrize(
    ("tail", "alphabet"),
    [
        ("1234", "digits"),
        ("12af", "hex"),
        ("A2Z7", "base32"),
        ("A1z9", "alphanumeric"),
        ("=}\n\ud800", "other"),
    ],
)
def test_alphabet_is_the_narrowest(tail: str, alphabet: str) -> None:
    assert SEALER.seal(tail).alphabet == alphabet


@given(st.text(min_size=1), st.text(min_size=1))
def test_equal_tails_and_only_they_seal_alike(left: str, right: str) -> None:
    same = left[-4:] == right[-4:]
    assert (SEALER.seal(left) == SEALER.seal(right)) == same


@given(st.text(min_size=4, max_size=4, alphabet="ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
def test_sealed_form_does_not_hold_the_tail_and_survives_json(tail: str) -> None:
    sealed = SEALER.seal(tail)
    assert tail not in repr(sealed)
    assert tail_from_json(tail_to_json(sealed)) == sealed


def test_another_key_gives_another_seal() -> None:
    assert Sealer(b"l" * KEY_LENGTH).seal("ABCD").hash != SEALER.seal("ABCD").hash


def test_short_keys_are_refused() -> None:
    with pytest.raises(ValueError, match="too short"):
        Sealer(b"short")
