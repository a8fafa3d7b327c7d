"""Says what is wrong in an organisation whatever secrets leaked."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping

from auditor.models import Evidence, Json, Severity, Weakness, weakness_id
from auditor.providers.github.documents import text
from auditor.providers.github.gaps import source_of
from auditor.providers.github.guards import is_writing
from auditor.providers.github.holders import key_id
from auditor.providers.github.organizations import Organization, Repository, all_keys
from auditor.providers.github.protection import KEY


def weaknesses(organization: Organization) -> Iterator[Weakness]:
    """Yield every deploy key that may push to a default branch, which nothing keeps from it."""
    for repository, key in all_keys(organization):
        if not is_writing(key) or repository.protected is not False or repository.archived:
            continue
        id_ = key_id(organization, repository, key)
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


def left_behind(
    organization: Organization, held: Collection[str], whole: Callable[[str, str], bool]
) -> Iterator[Weakness]:
    """Yield the deploy keys that CircleCI made for a repository and that no entry of it holds.

    Deleting a project or a key in CircleCI leaves the key at GitHub, where it opens the repository
    as before. `held` are the identities that entries are of, `whole` tells where all were read.
    """
    for repository, key in all_keys(organization):
        id_ = key_id(organization, repository, key)
        if id_ in held or not _is_circlecis(key) or key.get("enabled") is False:
            continue
        if not whole(organization.name, repository.name):
            continue
        level = "write" if is_writing(key) else "read"
        yield Weakness(
            id=weakness_id("github", "left behind", id_),
            severity=_worth(repository, level),
            what=f"A deploy key of CircleCI's lives on at {repository.name}",
            why=(
                "CircleCI made it and holds it no more, yet GitHub takes it: whoever got it there"
                f" may {level} {repository.name} as before."
            ),
            fix="Delete it among the repository's deploy keys.",
            source=source_of(organization.name),
            identity_id=id_,
            evidence=(
                Evidence(f"titled {text(key, 'title')[:60]}", "GET /repos/{owner}/{repo}/keys"),
                Evidence(
                    "no entry has its fingerprint", "every SSH and checkout key that was read"
                ),
            ),
        )


def _is_circlecis(key: Mapping[str, Json]) -> bool:
    return "circleci" in text(key, "title").casefold()


def _worth(repository: Repository, level: str) -> Severity:
    if level == "write" and not repository.archived:
        return Severity.HIGH
    return Severity.MEDIUM if repository.private else Severity.LOW
