"""What CircleCI keeps and no API lists: a row each, so that a person looks and nobody forgets.

They are no gaps: no right and no setting would let the next run read them.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.inventory.circleci.exposure import NOT_IN_BUILDS
from auditor.inventory.circleci.gaps import SOURCE
from auditor.models import Scope, Secret, secret_id

STORE = "not enumerable"
_ROWS = {
    "personal API tokens of members": "circleci-unlisted-personal-tokens",
    "OAuth grants of members at the code host": "circleci-unlisted-oauth-grants",
    "release-integration tokens": "circleci-unlisted-release-tokens",
    "secrets of single sign-on connections": "circleci-unlisted-sso",
    "Heroku keys of members": "circleci-unlisted-heroku-keys",
    "secrets in caches, workspaces, artifacts and logs": "circleci-unlisted-stored-data",
}
"""What there is, and its kind in the catalogue, which tells what a person must do."""


def secrets(scope: Scope, url: str | None) -> Iterator[Secret]:
    """Yield the rows of an organisation."""
    for name, kind in _ROWS.items():
        yield Secret(
            id=secret_id(SOURCE, STORE, scope.id, name),
            source=SOURCE,
            store=STORE,
            scope=scope,
            name=name,
            created=None,
            updated=None,
            tail=None,
            exposure=NOT_IN_BUILDS,
            url=url,
            kind=kind,
        )
