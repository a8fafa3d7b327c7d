"""Says what is wrong in an organisation whatever secrets leaked."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.models import Evidence, Severity, Weakness, weakness_id
from auditor.providers.github.documents import number, text
from auditor.providers.github.gaps import source_of
from auditor.providers.github.organizations import Organization, all_keys, is_writing


def weaknesses(organization: Organization) -> Iterator[Weakness]:
    """Yield every deploy key that may push to a default branch that nothing protects."""
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
                f"The deploy key “{title[:60]}” writes, and nothing protects the default branch:"
                " who has the key changes what CI runs, with every secret that it is given."
            ),
            fix="Make the key read-only, or protect the branch with a ruleset.",
            source=source_of(organization.name),
            identity_id=id_,
            evidence=(
                Evidence("read_only is false", "GET /repos/{owner}/{repo}/keys"),
                Evidence("protected is false", "GET /repos/{owner}/{repo}/branches/{branch}"),
            ),
        )
