"""Splits a variable's name into its words: `prodGithub-token2` is PROD, GITHUB, TOKEN, 2.

Names are outside text: any length, any script, control characters, lone surrogates.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Iterable, Iterator, Sequence
from typing import Self

LONGEST_NAME = 200
"""Of a longer name the first and the last half of this many characters are judged."""

_WORD = re.compile(
    r"[A-Z]+(?=v[0-9])"  # TOKENv2 is TOKEN, V, 2
    r"|[A-Z]+(?=[A-Z][a-z])"  # AWSKey is AWS, KEY
    r"|[A-Z]?[a-z]+|[A-Z]+|[0-9]+"
    r"|[^\x00-\x7f]+"  # words of other scripts, whose letters need not have two cases
)


def split(name: str) -> tuple[str, ...]:
    """Return the words of a name in upper case, at most `LONGEST_NAME` of them.

    Words end at anything but a letter or digit, at a change of case, and between letters and
    digits; full-width and other compatibility letters count as the plain ones.
    """
    text = _bounded(name)
    if not text.isascii():
        text = _bounded(unicodedata.normalize("NFKC", text))
    return tuple([word.upper() for word in _WORD.findall(text)])


def squash(name: str) -> str:
    """Return a name without its separators: the spelling under which names are compared.

    So GITHUB_TOKEN, githubToken and GitHub-Token are one name.
    """
    return "".join(split(name))


def windows(
    words: Sequence[str], positions: Sequence[int], beginnings: Container[str]
) -> Iterator[tuple[int, int, str]]:
    """Yield every run of the words at these positions, squashed, that is one of `beginnings`.

    As (first, end, text); first and end index `positions`. `beginnings` holds all beginnings of
    what is looked for, so that a run is given up as soon as nothing begins like it.
    """
    chosen = [words[at] for at in positions]
    for first, text in enumerate(chosen):
        end = first + 1
        while text in beginnings:
            yield first, end, text
            if end == len(chosen):
                break
            text += chosen[end]  # noqa: PLW2901 (the run grows)
            end += 1


class Runs(frozenset[str]):
    """Squashed texts, of up to three words each, that are looked for at one place of a name."""

    starts: frozenset[str]
    """Their beginnings, so that the first word settles nearly every look."""

    def __new__(cls, texts: Iterable[str]) -> Self:
        """Return the texts with their beginnings."""
        made = super().__new__(cls, texts)
        made.starts = frozenset(text[:end] for text in made for end in range(1, len(text) + 1))
        return made

    def at(self, words: Sequence[str], at: int) -> int:
        """Return how many words at this position make one of the texts, 0 if none of up to 3."""
        text = words[at] if at < len(words) else ""
        for size in (1, 2, 3):
            if text in self:
                return size
            if text not in self.starts or at + size >= len(words):
                return 0
            text += words[at + size]
        return 0


def significant(words: Sequence[str], affixes: Runs) -> tuple[int, ...]:
    """Return the positions of the words that are neither affixes nor numbers.

    An affix may be several words long (E2E is E, 2, E).
    """
    kept = []
    at = 0
    while at < len(words):
        size = affixes.at(words, at) if words[at] in affixes.starts else 0
        if not size and not words[at].isdigit():
            kept.append(at)
        at += size or 1
    return tuple(kept)


def _bounded(text: str) -> str:
    half = LONGEST_NAME // 2
    return text if len(text) <= LONGEST_NAME else f"{text[:half]}_{text[-half:]}"
