"""Resources that are entered by keys of their own: who there is, and which keys each has.

Storage accounts, container registries, and the DevOps organisations that a subscription pays for.
Which keys there are is never asked: every call that tells (listKeys, listCredentials) tells their
values too. When they were made is, as far as a plain GET tells it.
https://learn.microsoft.com/rest/api/storagerp/storage-accounts/list
https://learn.microsoft.com/rest/api/containerregistry/registries/list
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from auditor.models import AccessKey, Coverage, Gap, Identity, Unknown
from auditor.providers.azure.documents import parse_time, text
from auditor.providers.azure.engine.scopes import normal
from auditor.providers.azure.estate import Estate, Item
from auditor.providers.azure.gaps import SOURCE

STORAGE, REGISTRY, DEVOPS = "storage", "registries", "organizations"
SORTS: Mapping[str, str] = {
    STORAGE: "storage account",
    REGISTRY: "container registry",
    DEVOPS: "DevOps organisation",
}
"""What each kind of document lists, in words."""
_FIRST_KEYS = timedelta(hours=1)
"""An account's first keys are made with it."""
ADMIN = "admin user"
"""The login of a registry that is called as the registry is."""
UNNAMED = "a login that is not named"
"""Of a registry: a token, a service principal or the admin user."""
_NO_USE = Gap(
    what="last use of the keys of storage accounts",
    why="Azure keeps no time of it",
    fix="have the resource logs of blobs, files, queues and tables kept (AuthenticationType)",
    source=SOURCE,
)


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource. `id` is its path in Azure, in lower case."""

    id: str
    name: str
    sort: str
    subscription: str
    item: Item

    @property
    def title(self) -> str:
        """Return it as a sentence begins: "storage account acmedata"."""
        return f"{SORTS[self.sort]} {self.name}"


def resources(estate: Estate) -> Iterator[Resource]:
    """Yield every resource that was listed, each once."""
    seen: set[str] = set()
    for sort in SORTS:
        for _, item in estate.items(sort):
            id_, name = normal(text(item, "id")), text(item, "name")
            if id_.startswith("/subscriptions/") and name and id_ not in seen:
                seen.add(id_)
                yield Resource(id_, name, sort, id_.split("/")[2], item)


def identity(resource: Resource) -> Identity:
    """Return a resource as what its keys log in to."""
    keys = tuple(_KEYS[resource.sort](resource))
    return Identity(
        id=resource.id,
        provider="azure",
        account=resource.subscription,
        name=resource.name,
        kind=SORTS[resource.sort],
        created=_made(resource.item),
        status=_status(resource),
        keys=keys,
        console_url=f"https://portal.azure.com/#resource{resource.id}",
        keys_complete=resource.sort == STORAGE and _dated(keys),
    )


def coverage(estate: Estate, found: Iterable[Resource]) -> Iterator[Coverage]:
    """Yield how far each subscription was read: only then does one that is missing prove much."""
    counted = dict.fromkeys(estate.subscriptions, 0)
    for one in found:
        counted[one.subscription] = counted.get(one.subscription, 0) + 1
    for id_, count in counted.items():
        whole = all(estate.is_whole(sort, id_) for sort in SORTS)
        name = estate.subscriptions.get(id_, id_)
        yield Coverage(
            source=f"{SOURCE} {id_}",
            what=f"storage accounts, registries and DevOps organisations of {name}",
            read=count,
            known=count if whole else None,
        )


def _made(item: Item) -> datetime | None:
    return parse_time(text(item, "creationTime") or text(item, "creationDate"))


def _status(resource: Resource) -> str:
    if resource.sort == STORAGE and resource.item.get("allowSharedKeyAccess") is False:
        return "disabled: it accepts no keys"
    return "active"


def _dated(keys: tuple[AccessKey, ...]) -> bool:
    """Return whether Azure tells the time of each: only then is one of another time another key."""
    return all(key.created is not None for key in keys)


# --- keys ------------------------------------------------------------------------------------


def _storage_keys(resource: Resource) -> Iterator[AccessKey]:
    """Yield both keys. A renewed one is another key, so its time is a part of its name."""
    times: Any = resource.item.get("keyCreationTime")
    off = resource.item.get("allowSharedKeyAccess") is False
    for name in ("key1", "key2"):
        made = parse_time(text(times, name))
        yield AccessKey(
            label=_label(name, made, _made(resource.item)),
            status="disabled" if off else "Active",
            created=made,
            last_used=Unknown(_NO_USE),
            kind="account key",
        )


def _label(name: str, made: datetime | None, account: datetime | None) -> str:
    """Return what a key is called for good: by its time, unless it is the account's first.

    Azure tells no time of keys that are older than the property; it may tell the account's later.
    """
    if made is None or (account is not None and made <= account + _FIRST_KEYS):
        return name
    return f"{name} of {made:%Y-%m-%d %H:%M:%S}"


def _registry_keys(resource: Resource) -> Iterator[AccessKey]:
    """Yield the admin user where it is switched off: no GET tells when a password was renewed."""
    if resource.item.get("adminUserEnabled") is False:
        yield AccessKey(ADMIN, "disabled", None, Unknown(_NO_USE), "admin user")


def _no_keys(_: Resource) -> Iterator[AccessKey]:
    yield from ()


_KEYS = {STORAGE: _storage_keys, REGISTRY: _registry_keys, DEVOPS: _no_keys}
