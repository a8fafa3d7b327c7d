"""Who there is: service principals, and everybody else to whom a role was assigned."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from auditor.models import Identity
from auditor.providers.azure.classic import Administrators
from auditor.providers.azure.credentials import Credentials
from auditor.providers.azure.documents import text
from auditor.providers.azure.estate import Estate, Item

_MICROSOFT = frozenset(
    (
        "f8cdef31-a31e-4b4a-93e4-5f571e91255a",
        "72f988bf-86f1-41af-91ab-2d7cd011db47",
        "33e01921-4d64-4f8c-a055-5bdaffd5e33d",
        "cdc5aeea-15c5-4db6-b079-fcadd2505dc2",
    )
)
"""The tenants that own Microsoft's own applications, which every tenant has hundreds of.

https://learn.microsoft.com/troubleshoot/entra/entra-id/governance/verify-first-party-apps-sign-in
"""
_TITLES = {"serviceprincipal": "service principal", "user": "user", "group": "group"}
_GONE = "not in the directory"


@dataclass(frozen=True, slots=True)
class Person:
    """An identity, and how it is called in sentences."""

    id: str
    name: str
    kind: str

    @property
    def title(self) -> str:
        """Return it as a sentence begins: "service principal ci-deploy"."""
        return f"{self.kind} {self.name}"

    @property
    def is_application(self) -> bool:
        """Return whether it can hold application permissions."""
        return self.kind in ("service principal", "foreign service principal", "managed identity")


def people(estate: Estate, credentials: Credentials) -> Iterator[tuple[Person, Identity]]:
    """Yield everybody: service principals but Microsoft's own, and whoever was given a role."""
    for id_, item in estate.principals.items():
        if is_microsofts(item) and id_ not in estate.assignments:
            continue
        person = Person(id_, text(item, "displayName") or id_, _kind(item, credentials))
        yield person, _principal(person, item, estate, credentials)
    for id_, kind in _given(estate).items():
        if id_ not in estate.principals:
            person = Person(id_, estate.name_of(id_), _TITLES.get(kind.lower(), "principal"))
            yield person, _other(person, estate)


def is_microsofts(item: Item) -> bool:
    """Return whether a service principal is of one of Microsoft's own applications."""
    return text(item, "appOwnerOrganizationId").lower() in _MICROSOFT


def _given(estate: Estate) -> dict[str, str]:
    found = {id_: ones[0].principal_type for id_, ones in sorted(estate.assignments.items())}
    for id_, ones in sorted(estate.eligible.items()):
        found.setdefault(id_, ones[0].principal_type)
    for id_ in sorted(Administrators(estate).by_user):
        found.setdefault(id_, "User")
    return found


def _kind(item: Item, credentials: Credentials) -> str:
    if text(item, "servicePrincipalType") == "ManagedIdentity":
        return "managed identity"
    return "foreign service principal" if credentials.is_foreign(item) else "service principal"


def _principal(person: Person, item: Item, estate: Estate, credentials: Credentials) -> Identity:
    return Identity(
        id=person.id,
        provider="azure",
        account=estate.tenant,
        name=person.name,
        kind=person.kind,
        created=credentials.created(item),
        status=_status(item),
        keys=credentials.of(item),
        console_url=_console_url(person.id),
        keys_complete=credentials.are_all(item),
    )


def _status(item: Item) -> str:
    by_microsoft = text(item, "disabledByMicrosoftStatus")
    if by_microsoft and by_microsoft.lower() not in ("notdisabled", "none"):
        return f"disabled by Microsoft ({by_microsoft})"
    return "disabled" if item.get("accountEnabled") is False else "active"


def _other(person: Person, estate: Estate) -> Identity:
    gone = person.kind == "service principal" and estate.is_whole("service-principals")
    return Identity(
        id=person.id,
        provider="azure",
        account=estate.tenant,
        name=person.name,
        kind=person.kind,
        created=None,
        status=_GONE if gone else "not known",
        keys=(),
        console_url=None,
        keys_complete=gone,
    )


def _console_url(id_: str) -> str:
    page = f"ManagedAppMenuBlade/~/Overview/objectId/{id_}"
    return f"https://entra.microsoft.com/#view/Microsoft_AAD_IAM/{page}"
