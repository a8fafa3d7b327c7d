"""Who makes a request, read from its principal, and the condition keys that follow from it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from auditor.providers.aws.engine.context import Values
from auditor.providers.aws.engine.errors import BadRequest

_HOST = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_ACCOUNT = re.compile(r"\d{12}")
_ARN_PARTS = 6


class CallerKind(StrEnum):
    """Kinds of principals a request may come from."""

    USER = "user"
    ROLE = "role"
    SESSION = "assumed-role session"
    FEDERATED_USER = "federated user session"
    ROOT = "root user"
    PROVIDER = "identity provider"
    SERVICE = "service"
    ANONYMOUS = "anonymous"


_OF_AN_ACCOUNT = frozenset(CallerKind) - {
    CallerKind.PROVIDER,
    CallerKind.SERVICE,
    CallerKind.ANONYMOUS,
}


@dataclass(frozen=True, slots=True)
class Caller:
    """The principal of a request. `account` and `partition` are "" where it has none."""

    kind: CallerKind
    name: str
    """The ARN, or the host of a service."""
    account: str = ""
    partition: str = "aws"
    role: str = ""
    """Name of the role, without its path, for a role and its sessions."""
    keys: tuple[tuple[str, Values], ...] = ()
    """Condition keys, in lower case, that every request of it has."""

    @property
    def has_identity(self) -> bool:
        """Return whether it belongs to an account, so that policies can be attached to it."""
        return self.kind in _OF_AN_ACCOUNT

    @property
    def is_service_linked(self) -> bool:
        """Return whether it is a service-linked role: those live on a path of their own."""
        return self.kind is CallerKind.ROLE and ":role/aws-service-role/" in self.name


@lru_cache(maxsize=10_000)
def caller(principal: str | None) -> Caller:
    """Return the caller: of an ARN, of a service's host, or of None, who is anonymous.

    BadRequest for anything else.
    """
    if principal is None:
        keys = (("aws:principaltype", ("Anonymous",)),)
        return Caller(CallerKind.ANONYMOUS, "", keys=keys)
    if not principal.startswith("arn:"):
        return _host(principal)
    parts = principal.split(":", _ARN_PARTS - 1)
    if len(parts) < _ARN_PARTS or not _ACCOUNT.fullmatch(parts[4]):
        raise BadRequest("principal", "it is not the ARN of a principal")
    kind, role = _kind(parts[2], parts[5])
    _, partition, _, _, account, _ = parts
    found = Caller(kind, principal, account, partition, role)
    return Caller(kind, principal, account, partition, role, tuple(_keys(found, parts[5])))


def _host(principal: str) -> Caller:
    """Return a service, or an identity provider that goes by its host."""
    if not _HOST.fullmatch(principal):
        raise BadRequest("principal", "it is neither an ARN nor the host of a service")
    keys = (
        ("aws:principalisawsservice", ("true",)),
        ("aws:principalservicename", (principal,)),
        ("aws:principalservicenameslist", (principal,)),
    )
    own = keys if principal.endswith((".amazonaws.com", ".amazonaws.com.cn")) else ()
    return Caller(CallerKind.SERVICE, principal, keys=own)


def _kind(service: str, resource: str) -> tuple[CallerKind, str]:
    kind, _, rest = resource.partition("/")
    if service == "iam" and resource == "root":
        return CallerKind.ROOT, ""
    if service == "iam" and rest and kind == "user":
        return CallerKind.USER, ""
    if service == "iam" and rest and kind == "role":
        return CallerKind.ROLE, rest.rpartition("/")[2]
    if service == "iam" and rest and kind in ("oidc-provider", "saml-provider"):
        return CallerKind.PROVIDER, ""
    if service == "sts" and kind == "assumed-role" and "/" in rest:
        return CallerKind.SESSION, rest.partition("/")[0]
    if service == "sts" and rest and kind == "federated-user":
        return CallerKind.FEDERATED_USER, ""
    raise BadRequest("principal", "it is not the ARN of a principal")


_TYPES = {
    CallerKind.USER: "User",
    CallerKind.ROLE: "AssumedRole",
    CallerKind.SESSION: "AssumedRole",
    CallerKind.FEDERATED_USER: "FederatedUser",
    CallerKind.ROOT: "Account",
}


def _keys(found: Caller, resource: str) -> Iterator[tuple[str, Values]]:
    """Yield what AWS fills in itself. A session's PrincipalArn is left to `principal_arn`.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
    """
    if not found.has_identity:
        return
    yield "aws:principalaccount", (found.account,)
    yield "aws:principaltype", (_TYPES[found.kind],)
    yield "aws:principalisawsservice", ("false",)
    if found.kind is not CallerKind.SESSION:
        yield "aws:principalarn", (found.name,)
    if found.kind is CallerKind.USER:
        yield "aws:username", (resource.rpartition("/")[2],)
