"""Security Lake's tables of CloudTrail's events, in OCSF, as fields of CloudTrail's own records.

Those of source version 2 keep requests and answers whole, so that sessions can be followed.
https://github.com/ocsf/examples/tree/main/mappings/markdown/AWS/v1.1.0/CloudTrail
https://docs.aws.amazon.com/security-lake/latest/userguide/cloudtrail-query-examples-sourceversion2.html
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

TIME = "time_dt"
_NAMES = re.compile(r".*_(cloud_trail_mgmt|s3_data|lambda_execution)_2_0")
_USER = "userIdentity"
_PATHS: Mapping[str, tuple[str, ...]] = {
    "eventVersion": ("metadata.product.version",),
    "eventID": ("metadata.uid",),
    "eventType": ("metadata.event_code",),
    "eventName": ("api.operation",),
    "eventSource": ("api.service.name",),
    "requestParameters": ("api.request.data",),
    "responseElements": ("api.response.data",),
    "errorCode": ("api.response.error",),
    "errorMessage": ("api.response.message",),
    "awsRegion": ("cloud.region",),
    "recipientAccountId": ("cloud.account.uid",),
    "sourceIPAddress": ("src_endpoint.ip", "src_endpoint.domain"),
    "vpcEndpointId": ("src_endpoint.uid",),
    "userAgent": ("http_request.user_agent",),
    f"{_USER}.type": ("actor.user.type",),
    f"{_USER}.principalId": ("actor.user.uid_alt",),
    f"{_USER}.arn": ("actor.user.uid",),
    f"{_USER}.accountId": ("actor.user.account.uid",),
    f"{_USER}.accessKeyId": ("actor.user.credential_uid",),
    f"{_USER}.userName": ("actor.user.name",),
    f"{_USER}.invokedBy": ("actor.invoked_by",),
    f"{_USER}.sessionContext.sessionIssuer.arn": ("actor.session.issuer",),
}
"""Where the fields of a record are, the best first."""
_MADE = {
    "eventTime": (TIME, f"date_format({TIME}, '%Y-%m-%dT%H:%i:%sZ')"),
    "readOnly": (
        "activity_id",
        "CASE WHEN activity_id = 2 THEN 'true' WHEN activity_id IN (1, 3, 4) THEN 'false' END",
    ),
    f"{_USER}.sessionContext.attributes.mfaAuthenticated": (
        "actor.session.is_mfa",
        "CAST(actor.session.is_mfa AS VARCHAR)",
    ),
}
"""Fields that are no texts there: what they are made of, and how.

`activity_id` of API Activity: 1 create, 2 read, 3 update, 4 delete.
https://schema.ocsf.io/1.1.0/classes/api_activity
"""


def is_name(table: str) -> bool:
    """Say whether a table is called as Security Lake calls its own."""
    return bool(_NAMES.fullmatch(table.lower()))


def fields(paths: Collection[str] | None = None) -> dict[str, str]:
    """Return by the field of a record how SQL has it, of a table with these dotted columns.

    None is one as Security Lake makes it.
    """
    found: dict[str, str] = {}
    for name, (needs, sql) in _MADE.items():
        if paths is None or needs in paths:
            found[name] = sql
    for name, candidates in _PATHS.items():
        there = [one for one in candidates if paths is None or one in paths]
        if there:
            found[name] = f"COALESCE({', '.join(there)})" if len(there) > 1 else there[0]
    return found
