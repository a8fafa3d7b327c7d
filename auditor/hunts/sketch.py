"""What everyone else was seen to use, in numbers, so that a hunt can tell "new" from "new for him".

An address that a hundred others use is the company's gateway, not an attacker's. Values and the
actors told apart per value are bounded.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from auditor.hunts.values import MANY

ACTORS = 20
"""Different actors told apart per value and process: 20 means that many or more."""
VALUES = 100_000
"""Values kept per kind and process; of more, those seen first."""
_LINES = msgspec.json.Encoder().encode_lines
KINDS = ("src", "user_agent", "action")


class Users:
    """Who used each value of one kind."""

    __slots__ = ("_known", "few", "many")

    def __init__(self) -> None:
        """Begin with nothing seen."""
        self._known: set[int] = set()
        """Hashes of uses that were entered."""
        self.few: dict[str | None, set[str]] = {}
        self.many: dict[str | None, set[str]] = {}
        """Those with `ACTORS` actors, which is as many as are told apart."""

    def add(self, value: str | None, actor: str) -> None:
        """Note that an actor used a value, as far as the bounds allow; None is no value."""
        if not value or value in self.many:
            return
        actors = self.few.get(value)
        if actors is not None:
            actors.add(actor)
            if len(actors) >= ACTORS:
                self.many[value] = self.few.pop(value)
        elif len(self.few) + len(self.many) < VALUES:
            self.few[value] = {actor}

    def add_all(self, values: Sequence[str | None], actors: Sequence[str]) -> None:
        """Do the same for many uses: most of them repeat what was seen before."""
        if not set(values).difference(self.many):
            return
        pairs = list(zip(values, actors, strict=True))
        # A hash is found in a fraction of the time that two texts take, which lie anywhere.
        numbers = list(map(hash, pairs))
        new = set(numbers).difference(self._known)
        if new:
            for number, pair in zip(numbers, pairs, strict=True):
                if number in new:
                    self.add(*pair)
            self._known |= new
        if len(self._known) > MANY:
            self._known.clear()


class Uses:
    """Who used which value of each kind."""

    __slots__ = KINDS

    def __init__(self) -> None:
        """Begin with nothing seen."""
        self.src, self.user_agent, self.action = Users(), Users(), Users()

    def add(self, src: str | None, user_agent: str | None, action: str, actor: str) -> None:
        """Note what an actor used once."""
        self.src.add(src, actor)
        self.user_agent.add(user_agent, actor)
        self.action.add(action, actor)


class Line(msgspec.Struct, frozen=True, gc=False):
    """One value of one kind, as one worker saw it."""

    platform: str
    kind: str
    value: str
    actors: list[str]
    since: str
    until: str


LINE_COLUMNS = {
    "platform": "VARCHAR",
    "kind": "VARCHAR",
    "value": "VARCHAR",
    "actors": "VARCHAR[]",
    "since": "VARCHAR",
    "until": "VARCHAR",
}


class Sketch:
    """Who used what, for one worker."""

    def __init__(self) -> None:
        """Begin with nothing seen."""
        self._uses: defaultdict[str, Uses] = defaultdict(Uses)
        self._since: str | None = None
        self._until = ""

    def uses(self, platform: str) -> Uses:
        """Return where to enter what is used on a platform."""
        return self._uses[platform]

    def spans(self, since: str, until: str) -> None:
        """Note that records between two times were entered."""
        self._since = min(since, self._since or since)
        self._until = max(until, self._until)

    def write(self, file: Path) -> None:
        """Write what was seen up to now in place of a file, which is whole at every moment."""
        fresh = file.with_suffix(".new")
        fresh.write_bytes(_LINES(self.lines()))
        fresh.replace(file)

    def lines(self) -> Iterator[Line]:
        """Yield what was seen; the times are those of all that was read."""
        for platform, uses in self._uses.items():
            for kind in KINDS:
                users = getattr(uses, kind)
                for value, actors in (*users.few.items(), *users.many.items()):
                    some = sorted(actors)
                    yield Line(platform, kind, value, some, self._since or "", self._until)
