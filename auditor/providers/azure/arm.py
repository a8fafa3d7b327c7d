"""What role assignments, deny assignments and vaults' access policies give in Azure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from auditor.models import CapabilityName, Gap, Grant
from auditor.providers.azure.documents import entries, text
from auditor.providers.azure.engine.documents import Assignment, Block, Definition, Denial
from auditor.providers.azure.engine.evaluate import granted, undecided
from auditor.providers.azure.engine.patterns import Share
from auditor.providers.azure.engine.scopes import ROOT, contains, is_group
from auditor.providers.azure.estate import Estate
from auditor.providers.azure.gaps import SOURCE, gap_of
from auditor.providers.azure.held import Held, held
from auditor.providers.azure.limits import limited
from auditor.providers.azure.rights import Right
from auditor.providers.wording import some

_SUBSCRIPTION_PARTS = 3
_SERIOUS = 1
"""The highest tier at which reaching many subscriptions at once is a capability of its own."""


@dataclass(frozen=True, slots=True)
class Worth:
    """What one assignment gives of one capability."""

    capability: CapabilityName
    tier: int
    reasons: tuple[str, ...]
    actions: tuple[str, ...]
    conditional: bool


class Arm:
    """Answers what identities may do in Azure's resources."""

    def __init__(self, estate: Estate) -> None:
        """Evaluate nothing yet."""
        self._estate = estate

    def assignments(self, ids: Iterable[str]) -> Iterator[Assignment]:
        """Yield the assignments of a principal and of its groups."""
        for id_ in sorted(ids):
            yield from self._estate.assignments.get(id_, ())

    def rights(self, title: str, principal: str, ids: frozenset[str]) -> Iterator[Right]:
        """Yield what assignments and access policies give, `ids` being the principal and groups."""
        for assignment in self.assignments(ids):
            definition = self._estate.definitions.get(assignment.definition_id)
            if definition:
                yield from self._of_assignment(title, principal, ids, assignment, definition)
        yield from self._of_vaults(title, ids)

    def grants(self, identity_id: str, ids: frozenset[str]) -> Iterator[Grant]:
        """Yield the assignments as they are worded, eligible ones apart."""
        estate = self._estate
        for effect, given in (("Allow", estate.assignments), ("Eligible", estate.eligible)):
            for assignment in (one for id_ in sorted(ids) for one in given.get(id_, ())):
                definition = estate.definitions.get(assignment.definition_id)
                for block in definition.blocks if definition else (_NOTHING,):
                    yield _grant(identity_id, assignment, definition, block, effect)

    def gaps(self, ids: frozenset[str]) -> Iterator[Gap]:
        """Yield why something of it may be missing."""
        unknown: dict[str, list[str]] = {}
        for one in self.assignments(ids):
            if one.definition_id not in self._estate.definitions:
                unknown.setdefault(one.definition_id, []).append(one.scope)
        for role, scopes in unknown.items():
            document = self._estate.document("role-definitions", role)
            yield _unknown_role(role, scopes, text(document, "message"))

    # --- assignments ---------------------------------------------------------------------------

    def _of_assignment(
        self,
        title: str,
        principal: str,
        ids: frozenset[str],
        assignment: Assignment,
        definition: Definition,
    ) -> Iterator[Right]:
        scope = assignment.scope
        denials = [one for one in self._estate.denials if self._hits(one, scope, ids)]
        found = list(worth(definition, assignment.condition, tuple(denials)))
        steps = (*self._through(title, principal, assignment), self._given(assignment, definition))
        narrow = not is_wide(scope)
        for one in found:
            yield Right(
                capability=one.capability,
                tier=one.tier,
                steps=steps,
                reasons=one.reasons,
                actions=one.actions,
                resource=scope,
                limited=narrow,
                conditional=one.conditional,
            )
        worst = min((one.tier for one in found), default=_SERIOUS + 1)
        if worst <= _SERIOUS and (scope == ROOT or is_group(scope)):
            reason = "reaches every subscription below, those that are added later too"
            yield Right(
                CapabilityName.ORG_REACH, worst, steps, (reason,), (definition.name,), scope
            )

    def _hits(self, denial: Denial, scope: str, ids: frozenset[str]) -> bool:
        """Return whether a deny assignment certainly takes something away from an assignment.

        One below the assignment's scope leaves the rest; one above it has to reach down.
        """
        if not denial.hits(ids) or contains(denial.scope, scope, self._estate.parents) is not True:
            return False
        return not denial.here_only

    def _through(self, title: str, principal: str, assignment: Assignment) -> tuple[str, ...]:
        if assignment.principal_id == principal:
            return (title,)
        return (title, f"is in the group {self._estate.name_of(assignment.principal_id)}")

    def _given(self, assignment: Assignment, definition: Definition) -> str:
        kind = "custom role" if definition.custom else "role"
        return f"has the {kind} {definition.name} at {self.place(assignment.scope)}"

    def place(self, scope: str) -> str:
        """Return a scope in words."""
        if scope == ROOT:
            return "the root of the tenant, above every subscription"
        parts = scope.split("/")
        if is_group(scope):
            return f"the management group {parts[-1]}"
        if parts[1] == "subscriptions" and len(parts) == _SUBSCRIPTION_PARTS:
            return f"the subscription {self._estate.subscriptions.get(parts[2], parts[2])}"
        return scope

    # --- access policies -----------------------------------------------------------------------

    def _of_vaults(self, title: str, ids: frozenset[str]) -> Iterator[Right]:
        for _, vault in self._estate.items("vaults"):
            if vault.get("enableRbacAuthorization") is True:
                continue
            for policy in entries(dict(vault), "accessPolicies"):
                if text(policy, "objectId").lower() in ids:
                    yield from _of_policy(title, text(vault, "id"), policy.get("permissions"))


_NOTHING = Block((), (), (), ())


def is_wide(scope: str) -> bool:
    """Return whether a scope is a whole subscription or lies above one."""
    return scope == ROOT or is_group(scope) or len(scope.split("/")) <= _SUBSCRIPTION_PARTS


@lru_cache(maxsize=50_000)
def worth(definition: Definition, condition: str, denials: tuple[Denial, ...]) -> tuple[Worth, ...]:
    """Return what a role gives under an assignment's condition, a capability at a time."""
    found: dict[tuple[CapabilityName, bool], list[tuple[Held, int, str]]] = {}
    for one in held(definition):
        own = undecided(condition, one.action.name)
        if own is None:
            continue
        taken = _denied(one, denials)
        if taken is None:
            continue
        left = limited(one.action, (*own, *one.needed))
        form = (left.danger.capability, left.conditional or taken)
        found.setdefault(form, []).append((one, left.danger.tier, left.danger.reason))
    return tuple(
        Worth(
            capability=capability,
            tier=min(tier for _, tier, _ in ones),
            reasons=tuple(
                dict.fromkeys(
                    f"{reason} ({one.action.name})"
                    for one, _, reason in sorted(ones, key=lambda triple: triple[1])
                )
            ),
            actions=tuple(dict.fromkeys(one.action.name for one, _, _ in ones)),
            conditional=conditional,
        )
        for (capability, conditional), ones in found.items()
    )


def _denied(one: Held, denials: tuple[Denial, ...]) -> bool | None:
    """Return whether denials may take an action away; None where they do."""
    open_ = False
    for block in (block for denial in denials for block in denial.blocks):
        much, _, needed = granted(block, one.action.name, data=one.action.data)
        if much is Share.ALL and not needed:
            return None
        open_ = open_ or much is not Share.NONE
    return open_


def _grant(
    identity_id: str,
    assignment: Assignment,
    definition: Definition | None,
    block: Block,
    effect: str,
) -> Grant:
    role = definition.name if definition else assignment.role or assignment.definition_id
    left_out = (*block.not_actions, *(f"data: {one}" for one in block.not_data_actions))
    but = f", but not {', '.join(left_out)}" if left_out else ""
    through = "" if assignment.principal_id == identity_id else " through a group"
    return Grant(
        identity_id=identity_id,
        actions=(*block.actions, *(f"data: {one}" for one in block.data_actions)),
        resources=(assignment.scope,),
        effect=effect,
        via=f"role {role}{through}{but}",
        condition=" AND ".join(filter(None, (assignment.condition, block.condition))),
    )


def _unknown_role(role: str, scopes: list[str], why: str) -> Gap:
    common = gap_of("role-definitions", None)
    return Gap(
        what=f"role definition {role}, assigned at {some(scopes)}",
        why=why or "no definition of it was read: it was deleted, or the listing does not hold it",
        fix=common.fix,
        source=SOURCE,
    )


_POLICY = (
    ("secrets", ("get", "list", "backup", "restore", "all"), CapabilityName.READ_SECRETS),
    ("keys", ("decrypt", "unwrapkey", "sign", "backup", "all"), CapabilityName.READ_SECRETS),
    ("certificates", ("get", "getissuers", "backup", "all"), CapabilityName.READ_SECRETS),
    ("secrets", ("set", "delete", "purge"), CapabilityName.WRITE_DATA),
)


def _of_policy(title: str, vault: str, permissions: object) -> Iterator[Right]:
    given = permissions if isinstance(permissions, dict) else {}
    for kind, words, capability in _POLICY:
        held_ = [str(one) for one in given.get(kind) or () if str(one).lower() in words]
        if held_:
            yield Right(
                capability=capability,
                tier=1,
                steps=(title, f"is named by an access policy of the vault {vault}"),
                reasons=(f"may {', '.join(held_)} its {kind}",),
                actions=tuple(f"{kind}/{one}" for one in held_),
                resource=vault,
                limited=True,
            )
