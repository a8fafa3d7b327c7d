"""Words what of trails' objects could not be read, with the exact grant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.collecting import Snapshot
from auditor.models import Gap, Json
from auditor.providers.aws import gaps
from auditor.providers.aws.documents import entries, is_complete, text
from auditor.providers.aws.trail_places import LISTED
from auditor.providers.wording import why_of


def gaps_of(snapshot: Snapshot) -> tuple[Gap, ...]:
    """Return what of trails' objects could not be read, one gap a place and reason."""
    documents = (snapshot.load(key) for key in snapshot.keys(LISTED))
    return tuple(gap for document in documents if document for gap in _gaps(document))


def _gaps(document: Mapping[str, Json]) -> Iterator[Gap]:
    if not is_complete(document):
        yield _gap(document, "the objects", why_of(document), _grant(document))
    elif not document.get("Objects"):
        why = "no object of the window is there"
        yield _gap(document, "objects", why, "look at the trail's delivery and the life cycle")
    by_error: dict[str, list[Mapping[str, Json]]] = {}
    for one in entries(document, "Failed"):
        by_error.setdefault(text(one, "error"), []).append(one)
    for failed in by_error.values():
        why = f"{why_of(failed[0])} (such as {text(failed[0], 'Key')})"
        yield _gap(document, f"{len(failed):,} objects", why, _grant(document))
    if left := document.get("Left"):
        why = "the limits trail_objects and trail_megabytes of [providers.aws] leave them out"
        what = f"{left:,} objects up to {text(document, 'LeftUntil')}"
        yield _gap(document, what, why, "raise the limits and hunt again")


def _gap(document: Mapping[str, Json], what: str, why: str, fix: str) -> Gap:
    account, bucket = text(document, "Account"), text(document, "Bucket")
    trail = f"CloudTrail trail {text(document, 'Trail')}" if document.get("Trail") else "CloudTrail"
    return Gap(
        what=f"{what} of {trail} about account {account} in bucket {bucket}",
        why=why,
        fix=fix,
        source=gaps.source_of(account),
        affects=(account,),
    )


def _grant(document: Mapping[str, Json]) -> str:
    bucket = f"arn:{text(document, 'Partition')}:s3:::{text(document, 'Bucket')}"
    kms = text(document, "KmsKeyId")
    key = f", kms:Decrypt on {kms}" if kms else ", kms:Decrypt on its key if it has one"
    return (
        f"grant s3:ListBucket on {bucket} and s3:GetObject on {bucket}/{text(document, 'Folder')}*"
        f"{key} to the audit's identity, in the policy of the bucket too if another account owns"
        " it; or copy the folder and hunt with --logs FOLDER --source cloudtrail"
    )
