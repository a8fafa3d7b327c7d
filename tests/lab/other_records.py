"""Made-up records of GitHub, Google Cloud, Azure, CircleCI, GuardDuty and Security Lake."""

from __future__ import annotations

from typing import Any

APP = "11111111-aaaa-4aaa-8aaa-111111111111"
PRINCIPAL = "22222222-bbbb-4bbb-8bbb-222222222222"
SECRET_ID = "33333333-cccc-4ccc-8ccc-333333333333"
TENANT = "44444444-dddd-4ddd-8ddd-444444444444"
SUBSCRIPTION = "55555555-eeee-4eee-8eee-555555555555"
ACCOUNT = "deploy@shop-prod.iam.gserviceaccount.com"
GCP_KEY = f"//iam.googleapis.com/projects/shop-prod/serviceAccounts/{ACCOUNT}/keys/0a1b2c3d"


def audit_entry(uid: str, method: str = "SetIamPolicy", **fields: Any) -> dict[str, Any]:
    """Return a Cloud Audit Logs entry of a service account and its key."""
    payload = {
        "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
        "status": {},
        "authenticationInfo": {"principalEmail": ACCOUNT, "serviceAccountKeyName": GCP_KEY},
        "requestMetadata": {"callerIp": "203.0.113.9", "callerSuppliedUserAgent": "gcloud/412"},
        "serviceName": "cloudresourcemanager.googleapis.com",
        "methodName": method,
        "resourceName": "projects/shop-prod",
        "authorizationInfo": [
            {"permission": "resourcemanager.projects.setIamPolicy", "granted": True}
        ],
        "request": {"name": "x", "privateKeyData": "never kept"},
        **fields,
    }
    return {
        "insertId": uid,
        "logName": "projects/shop-prod/logs/cloudaudit.googleapis.com%2Factivity",
        "timestamp": "2023-01-02T03:04:05.123456789Z",
        "severity": "NOTICE",
        "resource": {"type": "project", "labels": {"project_id": "shop-prod"}},
        "protoPayload": payload,
    }


def sign_in(uid: str, code: int = 0) -> dict[str, Any]:
    """Return a service principal's sign-in as Graph (beta) answers it."""
    return {
        "id": uid,
        "createdDateTime": "2023-01-02T03:04:05Z",
        "appId": APP,
        "servicePrincipalId": PRINCIPAL,
        "servicePrincipalName": "ci-deploy",
        "servicePrincipalCredentialKeyId": SECRET_ID,
        "ipAddress": "203.0.113.9",
        "location": {"city": "Oslo", "countryOrRegion": "NO"},
        "resourceDisplayName": "Microsoft Graph",
        "resourceTenantId": TENANT,
        "status": {"errorCode": code, "failureReason": "Expired" if code else "Other."},
        "signInEventTypes": ["servicePrincipal"],
        "uniqueTokenIdentifier": "token-1",
    }


def diagnostic(category: str, operation: str, **fields: Any) -> dict[str, Any]:
    """Return the envelope that diagnostic settings put around every Azure record."""
    return {
        "time": "2023-01-02T03:04:05.1234567Z",
        "category": category,
        "operationName": operation,
        "callerIpAddress": "203.0.113.9",
        "tenantId": TENANT,
        **fields,
    }


def directory_audit(uid: str) -> dict[str, Any]:
    """Return the addition of a secret to an application."""
    return {
        "id": uid,
        "category": "ApplicationManagement",
        "activityDateTime": "2023-01-02T03:04:05Z",
        "activityDisplayName": "Update application \u2013 Certificates and secrets management",
        "loggedByService": "Core Directory",
        "result": "success",
        "resultReason": "",
        "initiatedBy": {
            "app": {"appId": APP, "displayName": "ci", "servicePrincipalId": PRINCIPAL}
        },
        "targetResources": [
            {
                "id": "obj-1",
                "displayName": "ci-deploy",
                "type": "Application",
                "modifiedProperties": [
                    {
                        "displayName": "KeyDescription",
                        "oldValue": "[]",
                        "newValue": f'["[KeyIdentifier={SECRET_ID},KeyType=Password]"]',
                    }
                ],
            }
        ],
        "additionalDetails": [{"key": "User-Agent", "value": "python/3"}],
    }


_CLAIMS = {
    "appid": APP,
    "idtyp": "app",
    "uti": "token-1",
    "http://schemas.microsoft.com/identity/claims/objectidentifier": PRINCIPAL,
}
_VAULT = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/r/providers/Microsoft.KeyVault/vaults/v"
_WRITE = "Microsoft.KeyVault/vaults/write"


def activity(uid: str) -> dict[str, Any]:
    """Return an activity-log event as the Monitor API answers it."""
    return {
        "eventDataId": uid,
        "eventTimestamp": "2023-01-02T03:04:05Z",
        "operationName": {"value": _WRITE, "localizedValue": "Write vault"},
        "status": {"value": "Succeeded"},
        "subStatus": {"value": "OK"},
        "caller": PRINCIPAL,
        "claims": _CLAIMS,
        "httpRequest": {"clientIpAddress": "203.0.113.9", "method": "PUT"},
        "resourceId": _VAULT,
        "subscriptionId": SUBSCRIPTION,
        "category": {"value": "Administrative"},
    }


def activity_sdk(uid: str) -> dict[str, Any]:
    """Return the same event as the Python SDK prints it."""
    return {
        "event_data_id": uid,
        "event_timestamp": "2023-01-02T03:04:05Z",
        "operation_name": {"value": _WRITE, "localized_value": "Write vault"},
        "status": {"value": "Succeeded", "localized_value": "Succeeded"},
        "caller": PRINCIPAL,
        "claims": _CLAIMS,
        "http_request": {"client_ip_address": "203.0.113.9", "method": "PUT"},
        "resource_id": _VAULT,
        "subscription_id": SUBSCRIPTION,
        "category": {"value": "Administrative"},
    }


def activity_diagnostic(uid: str) -> dict[str, Any]:
    """Return the same event as a diagnostic setting writes it."""
    return diagnostic(
        "Administrative",
        _WRITE.upper(),
        resourceId=_VAULT.upper(),
        resultType="Success",
        resultSignature="Succeeded.OK",
        identity={"claims": _CLAIMS, "authorization": {"action": _WRITE}},
        properties={"eventDataId": uid, "entity": _VAULT},
    )


def activity_analytics(uid: str) -> dict[str, Any]:
    """Return the same event as Log Analytics exports it."""
    import json  # noqa: PLC0415

    return {
        "Type": "AzureActivity",
        "TimeGenerated": "2023-01-02T03:04:05Z",
        "OperationNameValue": _WRITE.upper(),
        "ActivityStatusValue": "Success",
        "Caller": PRINCIPAL,
        "CallerIpAddress": "203.0.113.9",
        "Claims": json.dumps(_CLAIMS),
        "EventDataId": uid,
        "CategoryValue": "Administrative",
        "SubscriptionId": SUBSCRIPTION,
        "_ResourceId": _VAULT.lower(),
    }


def github_event(uid: str, action: str = "git.clone", **fields: Any) -> dict[str, Any]:
    """Return an audit event of GitHub."""
    return {
        "@timestamp": 1672628645000,
        "_document_id": uid,
        "action": action,
        "actor": "ci-bot",
        "actor_id": 77,
        "actor_ip": "203.0.113.9",
        "actor_location": {"country_code": "NO"},
        "hashed_token": "c2hhMjU2b2ZhdG9rZW4=",
        "programmatic_access_type": "OAuth access token",
        "org": "shop",
        "repo": "shop/payments",
        "user_agent": "git/2.39",
        "operation_type": "access",
        **fields,
    }


def circleci_event(uid: str, action: str = "context.secrets.accessed", **fields: Any) -> Any:
    """Return an audit event of CircleCI as a stream writes it."""
    return {
        "id": uid,
        "version": 1,
        "action": action,
        "actor": {"id": "user-1", "type": "user", "name": "github: mona"},
        "target": {"id": "ctx-1", "type": "context", "name": "production"},
        "scope": {"id": "org-1", "type": "org"},
        "account": {"id": "acc-1"},
        "organization": {"id": "org-1", "name": "shop"},
        "occurred_at": "2023-01-02T03:04:05.123456789Z",
        "success": True,
        "payload": {"context_name": "production", "job_id": "job-1", "value": "never kept"},
        "metadata": {},
        "request": {"id": "req-1", "ip_address": "203.0.113.9"},
        **fields,
    }


def finding(uid: str, key: str) -> dict[str, Any]:
    """Return a GuardDuty finding about an access key, as exported."""
    return {
        "schemaVersion": "2.0",
        "id": uid,
        "type": "UnauthorizedAccess:IAMUser/TorIPCaller",
        "accountId": "111122223333",
        "region": "us-east-1",
        "severity": 5,
        "title": "API called from a Tor exit",
        "description": "An API was called from a Tor exit node.",
        "updatedAt": "2023-01-02T04:00:00.000Z",
        "resource": {
            "resourceType": "AccessKey",
            "accessKeyDetails": {"accessKeyId": key, "principalId": "AIDA1", "userName": "ci"},
        },
        "service": {
            "eventLastSeen": "2023-01-02T03:04:05.000Z",
            "action": {
                "awsApiCallAction": {
                    "api": "ListBuckets",
                    "serviceName": "s3.amazonaws.com",
                    "remoteIpDetails": {
                        "ipAddressV4": "203.0.113.9",
                        "country": {"countryName": "Norway"},
                    },
                }
            },
        },
    }


def ocsf_call(uid: str, key: str) -> dict[str, Any]:
    """Return an API call as Security Lake keeps it."""
    return {
        "class_uid": 6003,
        "activity_id": 2,
        "time": 1672628645000,
        "metadata": {"uid": uid, "product": {"name": "CloudTrail"}, "version": "1.1.0"},
        "api": {"operation": "ListBuckets", "service": {"name": "s3.amazonaws.com"}},
        "actor": {"user": {"type": "IAMUser", "uid": "arn:aws:iam::111122223333:user/ci",
                           "name": "ci", "credential_uid": key}},
        "src_endpoint": {"ip": "203.0.113.9"},
        "http_request": {"user_agent": "aws-cli/2.9.1"},
        "cloud": {"region": "us-east-1", "account": {"uid": "111122223333"}},
        "status": "Success",
    }  # fmt: skip
