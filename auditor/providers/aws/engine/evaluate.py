"""Decides one request from all policies that have a say.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from auditor.models import Json
from auditor.providers.aws.engine import fixed
from auditor.providers.aws.engine.callers import CallerKind
from auditor.providers.aws.engine.documents import Policy, policy
from auditor.providers.aws.engine.errors import MalformedPolicy
from auditor.providers.aws.engine.opinions import Opinion, opinion, unknown
from auditor.providers.aws.engine.principals import Reach
from auditor.providers.aws.engine.request import Asked, Request, asked
from auditor.providers.aws.engine.statements import Attached
from auditor.providers.aws.engine.truth import MAYBE, NO, YES, Truth
from auditor.providers.aws.engine.verdict import Decider, Decision, Layer, Pending, Verdict

Documents = Sequence[Json]
"""Policy documents as parsed JSON."""


def evaluate(
    request: Request,
    identity: Documents = (),
    boundary: Documents | None = None,
    scps: Sequence[Documents] | None = None,
    rcps: Sequence[Documents] | None = None,
    resource_policy: Json | None = None,
    session: Json | None = None,
    endpoint: Documents | None = None,
) -> Verdict:
    """Return whether AWS would allow a request, and which statements and layers decide that.

    `identity`: every policy of the principal, inline and managed, its groups' included.
    `boundary`: its permissions boundary. `scps`, of the principal's organisation, and `rcps`, of
    the resource's: one entry for each level from the root to the account, each the documents of
    that level; the management account and service-linked roles are outside of SCPs, and the
    management account's resources outside of RCPs, so the caller of this function leaves them out
    for those (a service-linked role that is known by its ARN is recognised here).
    `resource_policy`: the policy of the resource: of a bucket, a key, a queue; of a role its trust
    policy. `session`: the policy that was passed when the session began. `endpoint`: the policies
    of the VPC endpoint that the request goes through. None means that there is none.

    Raises BadRequest and MalformedPolicy, both EngineError.
    """
    layers = Layers(
        identity=_read(Layer.IDENTITY, identity),
        boundary=_optional(Layer.BOUNDARY, boundary),
        scps=_levels(Layer.SCPS, scps),
        rcps=_levels(Layer.RCPS, rcps),
        resource_policy=_optional(Layer.RESOURCE_POLICY, _single(resource_policy)),
        session=_optional(Layer.SESSION, _single(session)),
        endpoint=_optional(Layer.ENDPOINT, endpoint),
    )
    return decide(request, layers)


@dataclass(frozen=True, slots=True)
class Layers:
    """The policies of each layer, read; None where the layer is not there."""

    identity: Sequence[Policy] = ()
    boundary: Sequence[Policy] | None = None
    scps: Sequence[Sequence[Policy]] | None = None
    rcps: Sequence[Sequence[Policy]] | None = None
    resource_policy: Sequence[Policy] | None = None
    session: Sequence[Policy] | None = None
    endpoint: Sequence[Policy] | None = None


def decide(request: Request, layers: Layers) -> Verdict:
    """Return what `evaluate` does, of policies that are read already. Raises BadRequest."""
    return decide_asked(asked(request, has_boundary=layers.boundary is not None), layers)


def decide_asked(put: Asked, layers: Layers) -> Verdict:
    """Return the verdict on a request that was checked already, with a boundary or without."""
    if put.question.action == fixed.ALWAYS_ALLOWED and put.caller.has_identity:
        return Verdict(Decision.ALLOWED)
    return _Case(put, layers).verdict()


_ATTACHED = {
    Layer.RESOURCE_POLICY: Attached.TO_RESOURCE,
    Layer.RCPS: Attached.TO_EITHER,
    Layer.ENDPOINT: Attached.TO_EITHER,
}


def _single(document: Json | None) -> Documents | None:
    return None if document is None else (document,)


def _read(layer: Layer, documents: Documents, level: str = "") -> tuple[Policy, ...]:
    attached = _ATTACHED.get(layer, Attached.TO_IDENTITY)
    found = []
    for number, document in enumerate(documents, 1):
        try:
            found.append(policy(document, attached))
        except MalformedPolicy as error:
            raise error.within(policy=f"{layer}{level} {number}") from None
    return tuple(found)


def _optional(layer: Layer, documents: Documents | None) -> tuple[Policy, ...] | None:
    return None if documents is None else _read(layer, documents)


def _levels(
    layer: Layer, levels: Sequence[Documents] | None
) -> tuple[tuple[Policy, ...], ...] | None:
    if levels is None:
        return None
    return tuple(_read(layer, level, f" level {n}") for n, level in enumerate(levels, 1))


class _Case:
    """One request and what each layer says about it."""

    def __init__(self, put: Asked, layers: Layers) -> None:
        """Ask every layer that has a say about such a caller."""
        self._put = put
        self._question = put.question
        own = put.caller.has_identity
        self._identity = self._ask(Layer.IDENTITY, layers.identity if own else ())
        self._boundary = self._limit(Layer.BOUNDARY, layers.boundary if self._is_bounded else None)
        self._session = self._limit(Layer.SESSION, layers.session if own else None)
        self._endpoint = self._limit(Layer.ENDPOINT, layers.endpoint)
        under_scps = own and not put.caller.is_service_linked
        self._scps = list(self._each(Layer.SCPS, layers.scps if under_scps else None))
        self._rcps = list(self._each(Layer.RCPS, layers.rcps if self._is_under_rcps else None))
        self._needed = fixed.needs_resource_policy(
            self._question.action, self._question.resource, every=self._question.every
        )
        self._resource = self._ask_resource(layers.resource_policy)

    @property
    def _is_bounded(self) -> bool:
        return self._question.bounded

    @property
    def _is_under_rcps(self) -> bool:
        """Return whether resource control policies limit it; service-linked roles they never do.

        https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html
        """
        limited = fixed.limited_by_rcps(self._question.action)
        return limited and not self._put.caller.is_service_linked

    def _ask(self, layer: Layer, policies: Iterable[Policy], level: int = 0) -> Opinion:
        return opinion(layer, policies, self._question, level)

    def _limit(self, layer: Layer, policies: Sequence[Policy] | None) -> Opinion | None:
        return None if policies is None else self._ask(layer, policies)

    def _each(self, layer: Layer, levels: Sequence[Sequence[Policy]] | None) -> Iterator[Opinion]:
        for number, level in enumerate(levels or (), 1):
            yield self._ask(layer, level, number)

    def _ask_resource(self, policies: Sequence[Policy] | None) -> Opinion:
        """Ask the resource's policy. All roles or keys at once have no policy that could be given.

        So it stays open what those policies allow.
        """
        if policies is None and self._needed and self._question.every:
            return unknown(Layer.RESOURCE_POLICY)
        return self._ask(Layer.RESOURCE_POLICY, policies or ())

    def verdict(self) -> Verdict:
        """Return the answer."""
        opinions = list(self._opinions())
        denying = [found for found in opinions if found.denies == YES]
        if denying:
            return Verdict(
                Decision.EXPLICITLY_DENIED,
                tuple(dict.fromkeys(found.layer for found in denying)),
                tuple(
                    found.decider(hit)
                    for found in denying
                    for hit in found.deciding(allow=False, truth=YES)
                ),
            )
        allowed, blocking = self._allowed()
        if allowed == NO:
            return Verdict(Decision.IMPLICITLY_DENIED, tuple(dict.fromkeys(blocking)))
        if allowed == YES and not any(found.denies for found in opinions):
            return Verdict(Decision.ALLOWED, (), self._allowing(opinions))
        return self._conditional(opinions)

    def _opinions(self) -> Iterator[Opinion]:
        yield self._identity
        yield from (found for found in (self._boundary, self._session, self._endpoint) if found)
        yield from self._scps
        yield from self._rcps
        yield self._resource

    def _allowed(self) -> tuple[Truth, list[Layer]]:
        """Return whether everything that must allow it does, and which layers do not."""
        if fixed.is_unchangeable(self._question.action, self._question.resource):
            return NO, [Layer.AWS]
        guards = [*self._scps, *self._rcps, *([self._endpoint] if self._endpoint else [])]
        blocking = [found.layer for found in guards if found.allows == NO]
        granted, missing = self._granted()
        return min([granted, *(found.allows for found in guards)]), blocking + missing

    def _granted(self) -> tuple[Truth, list[Layer]]:
        """Return whether identity and resource policies grant it, and which layers do not."""
        caller, resource = self._put.caller, self._resource
        if not caller.has_identity:
            granted = resource.allows
            return granted, [] if granted else [Layer.RESOURCE_POLICY]
        limits = [found for found in (self._boundary, self._session) if found]
        limited = min((found.allows for found in limits), default=YES)
        short = [found.layer for found in limits if found.allows == NO]
        identity = YES if caller.kind is CallerKind.ROOT else self._identity.allows
        if self._put.crosses_accounts:
            return self._granted_by_both(identity, resource.allows, limited, short)
        # In the same account a policy that names the user or the session itself, or everyone, is
        # enough; one that names the role is limited by boundary and session policy; one that
        # names the account leaves it to the account's own policies.
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics-single-account.html
        role = resource.by_reach[Reach.ROLE]
        direct = resource.by_reach[Reach.DIRECT]
        trusted = resource.by_reach[Reach.ACCOUNT] if self._needed else YES
        granted = max(direct, min(max(role, min(identity, trusted)), limited))
        if granted:
            return granted, []
        lacking = [Layer.IDENTITY] if identity == NO and role == NO else []
        lacking += [Layer.RESOURCE_POLICY] if trusted == NO and role == NO else []
        return NO, lacking + short

    @staticmethod
    def _granted_by_both(
        identity: Truth, resource: Truth, limited: Truth, short: list[Layer]
    ) -> tuple[Truth, list[Layer]]:
        lacking = [Layer.IDENTITY] if identity == NO else []
        lacking += [Layer.RESOURCE_POLICY] if resource == NO else []
        return min(identity, resource, limited), lacking + short

    @staticmethod
    def _allowing(opinions: Iterable[Opinion]) -> tuple[Decider, ...]:
        return tuple(
            found.decider(hit)
            for found in opinions
            for hit in found.deciding(allow=True, truth=YES)
        )

    def _conditional(self, opinions: list[Opinion]) -> Verdict:
        """Return the answer where it depends: what Allows still need and Denies must not meet."""
        open_ = [
            (found, hit)
            for found in opinions
            for allow in (True, False)
            if not (allow and self._is_settled(found))
            for hit in found.deciding(allow=allow, truth=MAYBE)
        ]
        conditions = [
            pending for found, hit in open_ for pending in found.pending(hit, self._question)
        ]
        if self._resource.allows and not self._resource.hits:
            decider = Decider(Layer.RESOURCE_POLICY, 0, 0, "", "Allow")
            conditions.append(Pending(decider, "Principal", "", ()))
        deciders = self._allowing(opinions) + tuple(found.decider(hit) for found, hit in open_)
        return Verdict(Decision.ALLOWED_IF, (), deciders, tuple(conditions))

    def _is_settled(self, found: Opinion) -> bool:
        """Return whether a layer allows it whatever its open statements turn out to be."""
        return found.layer is not Layer.RESOURCE_POLICY and found.allows == YES
