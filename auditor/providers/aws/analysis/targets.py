"""Every action of the catalogue on each of its types of resources: a numbered target each.

A set of targets is one whole number, whose bit n stands for target n, so that what thousands of
statements say together is a few operations on whole numbers.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property, lru_cache
from itertools import accumulate
from typing import NamedTuple

from auditor.providers.aws.analysis.catalogue import Catalogue, catalogue
from auditor.providers.aws.engine import fixed
from auditor.providers.aws.engine.statements import names
from auditor.providers.aws.engine.truth import MAYBE, YES
from auditor.providers.aws.engine.variables import Filled
from auditor.providers.aws.patterns import has_wildcard, matches, overlaps

Targets = int
"""A set of targets."""
_SERVICE = 2


class Ternary(NamedTuple):
    """What holds for which targets: certainly for `yes`, and perhaps for the rest of `maybe`."""

    yes: Targets
    maybe: Targets

    def __or__(self, other: Ternary) -> Ternary:
        """Return what holds if either does."""
        return Ternary(self.yes | other.yes, self.maybe | other.maybe)

    def __and__(self, other: Ternary) -> Ternary:
        """Return what holds if both do."""
        return Ternary(self.yes & other.yes, self.maybe & other.maybe)


NOWHERE = Ternary(0, 0)


class Universe:
    """All targets, as they are for the identities of one account."""

    def __init__(self, catalogue: Catalogue, partition: str, account: str) -> None:
        """Write the account into the patterns of resources."""
        self.catalogue = catalogue
        self.arns = [
            arn.replace("{partition}", partition).replace("{account}", account)
            for arn in catalogue.arns
        ]
        self._first = [0, *accumulate(map(len, catalogue.targets))]
        self.all: Targets = (1 << self._first[-1]) - 1
        self._of_pattern: dict[str, Targets] = {}
        self._of_actions: dict[tuple[str, ...], Targets] = {}
        self._on_pattern: dict[Filled, Ternary] = {}
        self._of_arn: dict[int, Targets] = {}

    # --- actions ---

    def bits(self, action: str) -> range:
        """Return the numbers of an action's targets; none of an action that is not listed."""
        number = self.catalogue.numbers.get(action.lower())
        return range(0) if number is None else self._bits(number)

    def of_action(self, action: str) -> Targets:
        """Return the targets of one action."""
        return self.of_pattern(action.lower())

    def deciding(self, action: str, bits: range) -> list[int]:
        """Return those of an action's targets that decide what it can do.

        Where some are of its own service, the others are only what it uses besides, such as the
        bucket that a command writes its output to; machines of EC2 are what commands run on. And
        an access point is another way to what is in a bucket.
        """
        service = action.partition(":")[0]
        arns = {bit: self.arn_of(bit) for bit in bits}
        own = [
            bit
            for bit, arn in arns.items()
            if arn.split(":", 3)[2:3] in ([service], ["ec2"]) and ":accesspoint/" not in arn
        ]
        return own or list(bits)

    def _bits(self, number: int) -> range:
        return range(self._first[number], self._first[number + 1])

    def of_patterns(self, patterns: Iterable[str], *, left_out: bool) -> Targets:
        """Return the targets that an Action, or NotAction, in lower case names."""
        found = 0
        for pattern in patterns:
            found |= self.of_pattern(pattern)
        return self.all & ~found if left_out else found

    def of_actions(self, actions: tuple[str, ...]) -> Targets:
        """Return the targets that any of some patterns names, in whatever case."""
        found = self._of_actions.get(actions)
        if found is None:
            low = [action.lower() for action in actions]
            found = self._of_actions[actions] = self.of_patterns(low, left_out=False)
        return found

    def of_pattern(self, pattern: str) -> Targets:
        """Return the targets that one pattern of actions, in lower case, names."""
        found = self._of_pattern.get(pattern)
        if found is None:
            found = self._of_pattern[pattern] = self._look_up(pattern)
        return found

    def _look_up(self, pattern: str) -> Targets:
        if pattern == "*":
            return self.all
        if not has_wildcard(pattern):
            return _span(self.bits(pattern))
        service, _, rest = pattern.partition(":")
        if not has_wildcard(service):
            numbers = self.catalogue.services.get(service, range(0))
            if rest == "*":
                return _span(range(self._first[numbers.start], self._first[numbers.stop]))
            return self._matching(pattern, numbers)
        return self._matching(pattern, range(len(self.catalogue.actions)))

    def _matching(self, pattern: str, numbers: range) -> Targets:
        names_ = self._lower
        found = 0
        for number in numbers:
            if matches(pattern, names_[number]):
                found |= _span(self._bits(number))
        return found

    @cached_property
    def _lower(self) -> list[str]:
        return [action.lower() for action in self.catalogue.actions]

    # --- resources ---

    def of_resource(self, filled: Filled) -> Ternary:
        """Return the targets whose resources an entry of a Resource element names.

        Certain are those of which it names every one.
        """
        found = self._on_pattern.get(filled)
        if found is None:
            found = self._on_pattern[filled] = self._reached(filled)
        return found

    def _reached(self, filled: Filled) -> Ternary:
        if filled.pattern == "*" and not filled.is_open:
            return Ternary(self.all, self.all)
        yes = maybe = 0
        for number in self._candidates(filled.pattern):
            arn = self.arns[number]
            truth = names(filled, arn, every=number != 0 and has_wildcard(arn))
            if truth >= MAYBE:
                maybe |= self._with_arn(number)
            if truth == YES:
                yes |= self._with_arn(number)
        return Ternary(yes, maybe)

    def _candidates(self, pattern: str) -> Iterable[int]:
        """Return the patterns of resources whose service could be that of a pattern."""
        parts = pattern.split(":", _SERVICE + 1)
        if len(parts) <= _SERVICE + 1 or has_wildcard(parts[0]) or has_wildcard(parts[1]):
            return range(len(self.arns))
        service = parts[_SERVICE]
        if has_wildcard(service):
            return (n for s, found in self._by_service.items() if overlaps(service, s)
                    for n in found)  # fmt: skip
        return (*self._by_service.get(service, ()), *self._by_service["*"])

    @cached_property
    def _by_service(self) -> dict[str, list[int]]:
        """Numbers of the patterns of resources by their service; those of any service under *."""
        found: dict[str, list[int]] = defaultdict(list)
        for number, arn in enumerate(self.arns):
            service = arn.split(":", _SERVICE + 1)[_SERVICE] if number else "*"
            found["*" if has_wildcard(service) else service].append(number)
        return found

    def _with_arn(self, number: int) -> Targets:
        if not self._of_arn:
            self._of_arn = dict(self._by_arn())
        return self._of_arn[number]

    def _by_arn(self) -> Iterator[tuple[int, Targets]]:
        found: dict[int, list[int]] = defaultdict(list)
        for action, arns in enumerate(self.catalogue.targets):
            for place, arn in enumerate(arns):
                found[arn].append(self._first[action] + place)
        for arn in range(len(self.arns)):
            yield arn, _set(found[arn])

    # --- what AWS decides ---

    @cached_property
    def with_own_policy(self) -> Targets:
        """The targets whose resources must allow the action themselves: keys and roles."""
        needing = (
            self._first[number] + place
            for number, action in enumerate(self._lower)
            if action.startswith(("kms:", "sts:"))
            for place, arn in enumerate(self.catalogue.targets[number])
            if fixed.needs_resource_policy(action, self.arns[arn], every=True)
        )
        return _set(needing)

    @cached_property
    def unlimited(self) -> Ternary:
        """What nothing limits: everything, but for what keys and roles decide themselves."""
        return Ternary(self.all & ~self.with_own_policy, self.all)

    @cached_property
    def under_rcps(self) -> Targets:
        """The targets that resource control policies have a say on."""
        return _set(
            bit
            for number, action in enumerate(self._lower)
            if fixed.limited_by_rcps(action)
            for bit in self._bits(number)
        )

    # --- back to names ---

    def action_of(self, bit: int) -> str:
        """Return the action of a target."""
        return self.catalogue.actions[bisect_right(self._first, bit) - 1]

    def arn_of(self, bit: int) -> str:
        """Return the pattern of resources of a target."""
        number = bisect_right(self._first, bit) - 1
        return self.arns[self.catalogue.targets[number][bit - self._first[number]]]

    def actions(self, targets: Targets) -> list[str]:
        """Return the actions of which any target is in a set."""
        return [
            action
            for number, action in enumerate(self.catalogue.actions)
            if targets & _span(self._bits(number))
        ]

    def services_within(self, targets: Targets) -> list[str]:
        """Return the services of which every target is in a set."""
        data = (self.all & ~targets).to_bytes((self._first[-1] >> 3) + 1, "little")
        return [
            service
            for service, numbers in self.catalogue.services.items()
            if not _cut(data, self._first[numbers.start], self._first[numbers.stop])
        ]


@lru_cache(maxsize=8)
def universe(partition: str, account: str) -> Universe:
    """Return the targets of an account, of the installed catalogue."""
    return Universe(catalogue(), partition, account)


def _cut(data: bytes, start: int, stop: int) -> Targets:
    """Return some of the targets of a set that is written as bytes: far quicker than shifting."""
    part = int.from_bytes(data[start >> 3 : (stop >> 3) + 1], "little")
    return part >> (start & 7) & ((1 << (stop - start)) - 1)


def _span(bits: range) -> Targets:
    return ((1 << len(bits)) - 1) << bits.start if bits else 0


def _set(bits: Iterable[int]) -> Targets:
    """Return the set of the numbered targets."""
    found = bytearray()
    for bit in bits:
        place = bit >> 3
        if place >= len(found):
            found.extend(bytes(place + 1 - len(found)))
        found[place] |= 1 << (bit & 7)
    return int.from_bytes(found, "little")
