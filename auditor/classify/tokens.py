"""Splits a variable's name into its words: `prodGithub-token2` is PROD, GITHUB, TOKEN, 2.

Names are outside text: any length, any script, control characters, lone surrogates.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Iterator, Sequence

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
    words: Sequence[str], positions: Sequence[int], longest: int
) -> Iterator[tuple[int, int, str]]:
    """Yield every run of the words at these positions, squashed, of at most `longest` characters.

    As (first, end, text); first and end index `positions`.
    """
    chosen = [words[at] for at in positions]
    for first in range(len(chosen)):
        text = ""
        for end, word in enumerate(chosen[first:], first + 1):
            text += word
            if len(text) > longest:
                break
            yield first, end, text


def significant(words: Sequence[str], affixes: Container[str]) -> tuple[int, ...]:
    """Return the positions of the words that are neither affixes nor numbers.

    An affix may be several words long (E2E is E, 2, E).
    """
    kept = []
    at = 0
    while at < len(words):
        for size in (3, 2, 1):
            if "".join(words[at : at + size]) in affixes:
                at += size
                break
        else:
            if not words[at].isdigit():
                kept.append(at)
            at += 1
    return tuple(kept)


def _bounded(text: str) -> str:
    half = LONGEST_NAME // 2
    return text if len(text) <= LONGEST_NAME else f"{text[:half]}_{text[-half:]}"
