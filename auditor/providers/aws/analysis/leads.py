"""Who leads to an administrator: who is one, and who can become one, step by step.

Administrators come first, then whoever can make itself one, then in rounds whoever reaches one of
those of the round before. So every way that is told is a shortest one, and each identity is looked
at once a round, whatever others there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from auditor.providers.aws.analysis.escalations import Kind, Row, rows
from auditor.providers.aws.analysis.holders import Holder, holder
from auditor.providers.aws.analysis.reaching import Reach, Reached, title
from auditor.providers.aws.analysis.rules import administers
from auditor.providers.aws.analysis.ways import Way, Ways
from auditor.providers.aws.analysis.world import Realm, World
from auditor.providers.aws.documents import text
from auditor.providers.aws.policies import texts

_ALONE = (Kind.SELF, Kind.BOUNDARY, Kind.BECOME, Kind.REMAKE, Kind.NEW)
"""Kinds of rows that make whoever fulfils them an administrator, whoever else there is."""
POSSIBLE = (Kind.STRENGTHEN, Kind.EXISTING)
"""Kinds of rows that need somebody who was not looked for: no chain is built upon them."""
_ASSUME = "sts:AssumeRole"
_LONGEST_CHAIN = 12
"""Lines of a chain that are told; each link takes two or more."""


@dataclass(frozen=True, slots=True)
class Lead:
    """How an identity leads to an administrator, a step a line; certain, or under conditions."""

    certain: bool
    lines: tuple[str, ...]


class Pool:
    """Identities that rows may reach, at hand by account and kind, always in one order."""

    def __init__(self, world: World, arns: Iterable[str]) -> None:
        """Sort them; what is no identity that was read is a group."""
        self._all = frozenset(arns)
        self._by_kind: dict[tuple[str, str], dict[str, None]] = {}
        self._serving: dict[tuple[str, tuple[str, ...]], dict[str, None]] = {}
        for arn in sorted(self._all):
            realm = world.realm(arn)
            held = realm.holders.get(arn) if realm else None
            if realm and held:
                self._by_kind.setdefault((realm.id, held.principal.kind), {})[arn] = None

    def __contains__(self, arn: str) -> bool:
        """Return whether an identity is in the pool."""
        return arn in self._all

    def of(self, account: str, kind: str) -> Mapping[str, None]:
        """Return the users, or the roles, of an account, in order and quick to look up."""
        return self._by_kind.get((account, kind), {})

    def serving(self, realm: Realm, services: tuple[str, ...]) -> Mapping[str, None]:
        """Return the roles of an account that any of some services may act as."""
        found = self._serving.get((realm.id, services))
        if found is None:
            roles = (arn for host in services for arn in realm.by_service.get(host, ()))
            found = {arn: None for arn in roles if arn in self}
            self._serving[realm.id, services] = found
        return found


class Leads:
    """Everybody who leads to an administrator."""

    def __init__(self, world: World) -> None:
        """Find them all."""
        self._world = world
        self.found: dict[str, Lead] = {}
        """By the ARN of a user, a role or a group."""
        everybody = [held.arn for held in world.holders()]
        self._everybody = Pool(world, everybody)
        self._nobody = Pool(world, ())
        self._spread(self._first())
        self.strong = Pool(world, self.found)
        self.weak = Pool(world, (arn for arn in everybody if arn not in self.found))
        """Those who do not lead to an administrator."""

    # --- finding them ---

    def _first(self) -> list[str]:
        """Find who leads to an administrator whoever else does."""
        for realm in self._world.realms.values():
            for arn, member in realm.groups.items():
                self._note_administrator(arn, realm, member)
            for arn, held in realm.holders.items():
                if self._note_administrator(arn, realm, held):
                    continue
                self._note_best(arn, self.reached(held, [r for r in rows() if r.kind in _ALONE]))
        return list(self.found)

    def _spread(self, fresh: list[str]) -> None:
        """Find, round by round, who reaches those of the round before."""
        spreading = [row for row in rows() if row.kind not in (*_ALONE, *POSSIBLE)]
        while fresh:
            among, last = Pool(self._world, fresh), dict(self.found)
            fresh = []
            for held in self._world.holders():
                known = last.get(held.arn)
                if known and known.certain:
                    continue
                better = self._note_best(held.arn, self.reached(held, spreading, among), last)
                if better:
                    fresh.append(held.arn)

    def _note_administrator(self, arn: str, realm: Realm, held: Holder) -> bool:
        way = administers(Ways(held, realm.masks), held, realm)
        if way is None:
            return False
        words = f"{title(arn)} is an administrator: {_allows(way)}"
        self.found[arn] = Lead(not way.conditional, (words, *way.notes))
        return not way.conditional

    def _note_best(
        self, arn: str, reached: Iterable[Reached], last: Mapping[str, Lead] | None = None
    ) -> bool:
        """Note the best way found, if it is better than what is known; return whether it is."""
        known = self.found.get(arn)
        for one in reached:
            onward = (last or {}).get(one.arn) if one.row.kind not in _ALONE else None
            certain = one.certain and (onward is None or onward.certain)
            if known is None or (certain and not known.certain):
                known = Lead(certain, lines(one, onward))
                self.found[arn] = known
                if certain:
                    return True
        return known is not None and arn not in (last or self.found)

    # --- what a row can reach ---

    def reached(
        self,
        held: Holder,
        wanted: Iterable[Row],
        pool: Pool | None = None,
        reach: Reach | None = None,
    ) -> Iterator[Reached]:
        """Yield what an identity reaches by some rows, of others only those of a pool."""
        realm = self._world.realms[held.account]
        reach, pool = reach or self.reach(held), pool or self._nobody
        for row in wanted:
            if reach.could(row):
                yield from reach.by(row, self._candidates(row, held, realm, reach, pool))
                if row.kind is Kind.STRENGTHEN:
                    yield from reach.whatever(row)

    def reach(self, held: Holder) -> Reach:
        """Return what an identity can reach."""
        return Reach(self._world, self._world.realms[held.account], held)

    def _candidates(  # noqa: PLR0911 (one for each kind)
        self, row: Row, held: Holder, realm: Realm, reach: Reach, pool: Pool
    ) -> Iterable[str]:
        match row.kind:
            case Kind.SELF:
                return reach.itself(row.on)
            case Kind.BOUNDARY:
                return [held.arn] if self._is_only_bounded(row, held, realm) else []
            case Kind.BECOME:
                return (arn for arn in reach.assumable if arn in realm.holders)
            case Kind.REMAKE | Kind.STRENGTHEN:
                return self._everybody.of(realm.id, row.on)
            case Kind.NEW:
                return ()
            case Kind.PASS | Kind.EXISTING:
                return pool.serving(realm, row.service)
            case Kind.FEDERATED:
                return self._federating(realm, pool)
            case Kind.OTHER:
                return self._others(row, held, realm, reach, pool)

    def _others(
        self, row: Row, held: Holder, realm: Realm, reach: Reach, pool: Pool
    ) -> Iterable[str]:
        if row.on == "group":
            if held.principal.kind != "user":
                return ()
            own = set(texts((held.principal.detail or {}).get("GroupList")))
            names = {text(g, "Arn"): name for name, g in realm.account.groups.items()}
            return (arn for arn in realm.groups if arn in pool and names[arn] not in own)
        if row.target == (_ASSUME,):
            return (arn for arn in reach.assumable if arn in pool)
        return pool.of(realm.id, row.on)

    @staticmethod
    def _federating(realm: Realm, pool: Pool) -> Iterator[str]:
        """Yield the SAML providers that roles of a pool trust."""
        for arn, told in realm.trusts.items():
            if arn in pool:
                for statement in told.federated:
                    named = statement.principals.named if statement.principals else {}
                    yield from (p for p in named.get("Federated", ()) if ":saml-provider/" in p)

    @staticmethod
    def _is_only_bounded(row: Row, held: Holder, realm: Realm) -> bool:
        """Return whether an identity would be an administrator without its boundary."""
        permissions = held.permissions
        bounded = permissions.boundary is not None or permissions.boundary_unknown
        if not bounded or held.principal.kind != row.on:
            return False
        free = replace(permissions, boundary=None, boundary_unknown=False)
        other = holder(held.principal, held.account, free, held.limits, realm.masks)
        return administers(Ways(other, realm.masks), other, realm) is not None


def lines(reached: Reached, onward: Lead | None) -> tuple[str, ...]:
    """Return a way as steps: what is allowed, what a thief does with it, where that leads."""
    row = reached.row
    how = row.how.format(target=reached.target)
    if row.kind is Kind.EXISTING:
        how = f"{how}, which may run as {reached.target}: which roles run where was not read"
    elif row.kind is Kind.STRENGTHEN:
        how = f"{how}, and gains by it where it can act as that role"
    steps = [proof.words for proof in reached.proofs]
    notes = [note for proof in reached.proofs for note in proof.notes]
    found = dict.fromkeys((*steps, f"so it {how}", *notes, *(onward.lines if onward else ())))
    told = tuple(found)
    more = len(told) - _LONGEST_CHAIN
    return (*told[:_LONGEST_CHAIN], f"and {more} more steps") if more > 0 else told


def _allows(way: Way) -> str:
    where = ", ".join(way.statement.resources)
    return f"{way.policy.via} allows {', '.join(way.statement.actions)} on {where}"
