"""Made-up records in the vendors' shapes, for tests of several modules."""

from __future__ import annotations

from typing import Any

KEY = "AKIAIOSFODNN7EXAMPLE"
SESSION = "ASIAIOSFODNN7EXAMPLE"
USER = "arn:aws:iam::111122223333:user/ci"
ROLE = "arn:aws:iam::111122223333:role/deploy"


def call(uid: str, name: str = "ListBuckets", **fields: Any) -> dict[str, Any]:
    """Return a CloudTrail record of a call by the user `ci` with its key."""
    return {
        "eventVersion": "1.08",
        "userIdentity": {
            "type": "IAMUser",
            "principalId": "AIDACKCEVSQ6C2EXAMPLE",
            "arn": USER,
            "accountId": "111122223333",
            "accessKeyId": KEY,
            "userName": "ci",
        },
        "eventTime": "2023-01-02T03:04:05Z",
        "eventSource": "s3.amazonaws.com",
        "eventName": name,
        "awsRegion": "us-east-1",
        "sourceIPAddress": "198.51.100.7",
        "userAgent": "[aws-cli/2.9.1 Python/3.9]",
        "requestParameters": {"bucketName": "artifacts", "password": "never kept"},
        "responseElements": None,
        "readOnly": True,
        "eventID": uid,
        "eventType": "AwsApiCall",
        "recipientAccountId": "111122223333",
        "eventCategory": "Management",
        **fields,
    }


def session_of(key: str, role: str = ROLE) -> dict[str, Any]:
    """Return the userIdentity of a session of a role."""
    name = role.rpartition("/")[2]
    return {
        "type": "AssumedRole",
        "arn": role.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/") + "/job-1",
        "accountId": "111122223333",
        "accessKeyId": key,
        "sessionContext": {
            "sessionIssuer": {"type": "Role", "arn": role, "userName": name},
            "attributes": {"mfaAuthenticated": "false", "creationDate": "2023-01-02T03:04:05Z"},
        },
    }


def assumed(uid: str, key: str, **fields: Any) -> dict[str, Any]:
    """Return an AssumeRole that hands out the session key."""
    credentials = {"accessKeyId": key, "sessionToken": "SECRETTOKEN", "expiration": "soon"}
    answer = {"credentials": credentials, "assumedRoleUser": {"arn": "arn:aws:sts::1:x"}}
    service = {"eventSource": "sts.amazonaws.com", "responseElements": answer}
    return call(uid, "AssumeRole", **{**service, **fields})
