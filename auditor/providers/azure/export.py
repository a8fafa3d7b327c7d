"""Turns what the Azure CLI and Graph printed into the documents that reading live would have left.

Files are known by their content, in any arrangement:

az ad sp list --all                       az role assignment list --all --include-inherited
az ad app list --all                      az role definition list
az account list                           az account management-group show -e -r -n GROUP
az storage account list                   az acr list
az resource list --resource-type Microsoft.VisualStudio/account
az keyvault show                          az rest --url …/denyAssignments?api-version=2022-04-01
az rest --url https://graph.microsoft.com/v1.0/… for everything else:
servicePrincipals/<id>/appRoleAssignments, …/transitiveMemberOf, …/owners
applications/<id>/owners, …/federatedIdentityCredentials, groups/<id>/transitiveMembers
oauth2PermissionGrants, roleManagement/directory/roleAssignments and …/roleDefinitions

Where a reply does not tell what it is about, the file's name does: owners-<id>.json.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from auditor.collecting import Collecting
from auditor.providers.azure.documents import (
    EXPORT,
    EXPORT_FILES,
    clean,
    document_key,
    text,
)
from auditor.providers.azure.kinds import OF_ONE, About, kind_of, lacking, parent_of, unfolded
from auditor.providers.azure.settings import Settings
from auditor.providers.exports import (
    NO_OBJECTS,
    Found,
    Nothing,
    Problem,
    counted,
    read_folder,
)

NOTHING = "it holds objects that the audit does not read"
_CONTEXT = "@odata.context"
_NEXT = ("@odata.nextLink", "nextLink")


def collect(settings: Settings, collecting: Collecting) -> None:
    """Write what the exported files hold into the snapshot."""
    sorting = _Sorting(collecting)
    problems: list[Problem] = []
    files: set[str] = set()
    for item in read_folder(Path(settings.export)):
        if isinstance(item, Problem):
            problems.append(item)
        elif isinstance(item, Nothing):
            sorting.add_nothing(About("", PurePosixPath(item.file).name))
        else:
            problems += sorting.add(item)
            files.add(item.file)
    for kind, document in sorting.documents():
        collecting.snapshot.save(document_key(kind, EXPORT), document)
    wrong = [{"File": p.file, "why": p.why, "strange": p.strange} for p in counted(problems)]
    collecting.snapshot.save(EXPORT_FILES, {"value": [], "Files": sorted(files), "Problems": wrong})


class _Sorting:
    """Puts every object of an export with its like."""

    def __init__(self, collecting: Collecting) -> None:
        self._sealer = collecting.sealer
        self._items: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self._parents: dict[str, set[str]] = defaultdict(set)

    def add(self, found: Found) -> Iterator[Problem]:
        """Take one object, or one reply with its list; yield what is wrong with it."""
        about = About(text(found.document, _CONTEXT), PurePosixPath(found.file).name)
        listed = found.document.get("value")
        items = listed if isinstance(listed, list) else [found.document]
        if isinstance(listed, list) and not listed:
            self.add_nothing(about)
        if any(found.document.get(name) for name in _NEXT):
            yield Problem(found.file, "it is the first page only: az rest does not follow nextLink")
        first = 1 if isinstance(listed, list) else found.entry
        for number, outer in enumerate(items, first):
            if not isinstance(outer, dict):
                yield Problem(found.file, NO_OBJECTS, entry=number)
                continue
            for item in unfolded(outer):
                if why := self._put(item, about):
                    yield Problem(found.file, why, strange=why is NOTHING, entry=number)

    def add_nothing(self, about: About) -> None:
        """Take an empty list, where its address or its file tells of what."""
        words = re.sub("[-_]", "", f"{about.address} {about.file}".lower())
        kind = next((kind for kind, word in _EMPTY.items() if word in words), "")
        if kind in OF_ONE:
            self._parents[kind].update({parent_of("", {}, about)} - {""})
        if kind:
            self._items[kind] += []

    def documents(self) -> Iterable[tuple[str, dict[str, Any]]]:
        """Yield what there is of each kind."""
        for kind in sorted(self._items.keys() | self._parents.keys()):
            yield kind, {"value": self._items[kind], "parents": sorted(self._parents[kind])}

    def _put(self, item: Mapping[str, Any], about: About) -> str:
        """Take one object. Return why it is left out, "" where it is not."""
        kind = kind_of(item, about)
        if not kind:
            return NOTHING
        if nameless := lacking(kind, item):
            return f"it holds {kind} without {nameless}: they were left out"
        kept = clean(kind, item, self._sealer)
        if kind in OF_ONE:
            parent = parent_of(kind, item, about)
            if not parent:
                return f"it does not tell of what the {kind} in it are: put the id into its name"
            kept["parent"] = parent
            self._parents[kind].add(parent)
        self._items[kind].append(kept)
        return ""


_EMPTY = {
    "app-roles": "approleassignments",
    "owners": "owners",
    "federated": "federatedidentitycredentials",
    "member-of": "memberof",
    "members": "members",
    "delegated-grants": "oauth2permissiongrants",
    "deny-assignments": "denyassignment",
    "eligible": "roleeligibility",
    "directory-assignments": "directory/roleassignments",
    "classic-administrators": "classicadministrator",
    "vaults": "vault",
    "storage": "storageaccount",
    "registries": "registr",
    "organizations": "devops",
    "diagnostics": "diagnostic",
    "role-assignments": "roleassignment",
    "applications": "applications",
}
"""What a listing that holds nothing is of, by a word of its address or of its file's name."""
