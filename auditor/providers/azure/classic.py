"""Classic administrators: who administers a subscription in the old way, where Azure still tells.

The roles were retired on 2024-08-31, users who still had one were made Owners from December 2025,
and the API has been going away since: where it does not answer any more, that is told once.
https://learn.microsoft.com/azure/role-based-access-control/classic-administrators
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from auditor.models import CapabilityName, Gap, Grant
from auditor.providers.azure.documents import text
from auditor.providers.azure.estate import Estate, Item
from auditor.providers.azure.gaps import SOURCE, gap_of
from auditor.providers.azure.rights import Right

KIND = "classic-administrators"
_WORTH = {
    "serviceadministrator": (CapabilityName.ADMIN, "does in the subscription what an Owner does"),
    "coadministrator": (CapabilityName.ADMIN, "does in the subscription what an Owner does"),
    "accountadministrator": (
        CapabilityName.ESCALATE,
        "can make anybody the service administrator of the subscription",
    ),
}
_SILENT = ("notfound", "404", "gone", "410", "retired", "resourcetype", "registered", "apiversion")
"""Parts of the codes with which an API answers that is not there any more."""
_RETIRED = "the role is retired: Azure may have taken it away, or made the user an Owner instead"


@dataclass(frozen=True, slots=True)
class Classic:
    """One classic role of one user in one subscription."""

    user: str
    """Object id where the directory tells it, else the user's name in lower case."""
    role: str
    subscription: str


class Administrators:
    """The classic administrators of one snapshot."""

    def __init__(self, estate: Estate) -> None:
        """Read nothing yet."""
        self._estate = estate

    @cached_property
    def by_user(self) -> Mapping[str, tuple[Classic, ...]]:
        """Return the classic roles by user."""
        ids = {name.casefold(): id_ for id_, name in self._estate.names.items()}
        found: dict[str, list[Classic]] = defaultdict(list)
        for item, subscription in self._items():
            name = text(item, "emailAddress").casefold()
            user = ids.get(name, name)
            for role in filter(None, text(item, "role").split(";")):
                found[user].append(Classic(user, role.strip(), subscription))
        return {user: tuple(dict.fromkeys(ones)) for user, ones in found.items() if user}

    def rights(self, title: str, user: str) -> Iterator[Right]:
        """Yield what a user may do by classic roles, as far as Azure has not ended them."""
        for one in self.by_user.get(user, ()):
            capability, reason = _WORTH.get(one.role.lower(), _WORTH["coadministrator"])
            yield Right(
                capability=capability,
                tier=0,
                steps=(title, f"is classic {one.role} of {self._place(one)}"),
                reasons=(reason, _RETIRED),
                actions=(one.role,),
                resource=f"/subscriptions/{one.subscription}",
                conditional=True,
            )

    def grants(self, user: str) -> Iterator[Grant]:
        """Yield the roles as they are worded."""
        for one in self.by_user.get(user, ()):
            scope = f"/subscriptions/{one.subscription}"
            yield Grant(user, (one.role,), (scope,), "Allow", "classic administrator", _RETIRED)

    def gaps(self) -> Iterator[Gap]:
        """Yield what could not be read: the retired API once, what else failed where it did."""
        silent: list[str] = []
        for part, document in self._estate.documents.get(KIND, {}).items():
            error = text(document, "error")
            if any(code in error.lower() for code in _SILENT):
                silent.append(error)
            elif error:
                name = self._estate.subscriptions.get(part, part)
                yield gap_of(KIND, document, [f"the subscription {name}"])
        if silent:
            yield _silent(len(silent), silent[0])

    def _items(self) -> Iterator[tuple[Item, str]]:
        """Yield every administrator with the subscription that its path names."""
        for part, item in self._estate.items(KIND):
            path = text(item, "id").lower().split("/")
            told = dict(pairwise(path)).get("subscriptions", part)
            yield item, told

    def _place(self, one: Classic) -> str:
        name = self._estate.subscriptions.get(one.subscription, one.subscription)
        return f"the subscription {name}"


def _silent(count: int, error: str) -> Gap:
    return Gap(
        what=f"classic administrators of {count} subscription{'s' * (count > 1)}",
        why=f"Azure does not tell them ({error}): such roles are retired, and so is their API",
        fix="nothing can be granted; Subscription > Access control (IAM) > Classic administrators "
        "shows whether anybody is left",
        source=SOURCE,
    )
