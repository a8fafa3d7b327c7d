"""Says what is wrong in an organisation whatever secrets leaked."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.models import Evidence, Severity, Weakness, weakness_id
from auditor.providers.github.documents import number, text
from auditor.providers.github.gaps import source_of
from auditor.providers.github.organizations import (
    Organization,
    Repository,
    all_keys,
    is_writing,
)
from auditor.providers.github.protection import KEY


def weaknesses(organization: Organization) -> Iterator[Weakness]:
    """Yield every deploy key that may push to a default branch, which nothing keeps from it."""
    for repository, key in all_keys(organization):
        if not is_writing(key) or repository.protected is not False or repository.archived:
            continue
        id_ = f"{organization.name}/{repository.name}/key/{number(key, 'id')}"
        title = text(key, "title")
        yield Weakness(
            id=weakness_id("github", "open branch", id_),
            severity=Severity.HIGH,
            what=f"A deploy key may push to {repository.branch} of {repository.name}",
            why=(
                f"The deploy key “{title[:60]}” writes, and {_how(repository)}:"
                " who has the key changes what CI runs, with every secret that it is given."
            ),
            fix="Make the key read-only, or protect the branch with a ruleset that no key passes.",
            source=source_of(organization.name),
            identity_id=id_,
            evidence=(
                Evidence("read_only is false", "GET /repos/{owner}/{repo}/keys"),
                Evidence(_shown(repository), "GET /repos/{owner}/{repo}/branches/{branch}"),
            ),
        )


def _how(repository: Repository) -> str:
    if repository.protection.passed_by(KEY):
        return "it may pass the protection of the default branch"
    return "nothing protects the default branch"


def _shown(repository: Repository) -> str:
    """Return the fact that shows it."""
    if not repository.protection.passed_by(KEY):
        return "protected is false"
    if repository.protection.rulesets:
        return f"deploy keys pass {', '.join(repository.protection.rulesets)}"
    return "enforce_admins is off, and a deploy key acts as an administrator"
