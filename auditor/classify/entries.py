"""The whole step: what every entry is, judged by its store, its name, its neighbours and people."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.classify.by_hand import correct
from auditor.classify.catalogue import kinds
from auditor.classify.companions import settle
from auditor.classify.names import classify
from auditor.classify.stores import told
from auditor.models import Classification, Secret
from auditor.overrides import Overrides


def judge(secrets: Mapping[str, Secret], people: Overrides) -> dict[str, Classification]:
    """Return what every entry is, by secret id.

    A store that tells the kind knows better than the name does, and a person better than both.
    """
    alone = {id_: _alone(secret) for id_, secret in secrets.items()}
    return correct(secrets, settle(secrets, alone), people)


def _alone(secret: Secret) -> Classification:
    kind = kinds().get(secret.kind)
    return told(secret.id, kind) if kind else classify(secret.id, secret.name)
