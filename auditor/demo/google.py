"""Google Cloud for the demo: a gRPC server on loopback, of the client libraries' own messages.

A reply with a field that the API does not have cannot be sent: the messages refuse it. What has no
gRPC client (last authentications, groups, insights) is served as JSON beside it.
"""

from __future__ import annotations

import itertools
import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import unquote

from auditor.demo.faults import Fault, Faults, Kind
from auditor.demo.google_estate import Google
from auditor.demo.wire import Recording, Reply, Request, error
from auditor.errors import MissingExtra

HOST = "127.0.0.1"
_PAGE = 5
"""The most that one page holds, whatever is asked for: so that paging is always seen to work."""


@dataclass(frozen=True, slots=True)
class Method:
    """One method: its messages, the listing its replies hold ("" for none), and its answer."""

    request: Any
    reply: Any
    listing: str
    answer: Callable[[Any], Any]


class GoogleServer:
    """Serves an organisation from `start` to `stop`. Faults match "/service/Method/subject"."""

    def __init__(self, google: Google, faults: Faults, recording: Recording) -> None:
        """Prepare to answer; `recording` holds every call with its subject and reply."""
        self._google, self._faults, self._recording = google, faults, recording
        self._server: Any = None
        self._stopping = threading.Event()
        self._tokens = itertools.count(1)
        self.port = 0

    @property
    def url(self) -> str:
        """Return the endpoint."""
        return f"http://{HOST}:{self.port}"

    def start(self) -> None:
        """Begin to answer. MissingExtra when the client libraries are not installed."""
        try:
            import grpc  # noqa: PLC0415

            methods = _methods(self._google)
        except ImportError as missing:
            raise MissingExtra("the demo", "demo") from missing

        serve, server = self._serve, grpc.server(ThreadPoolExecutor(4, "google"))

        class Handler(grpc.GenericRpcHandler):  # type: ignore[misc]
            def service(self, details: Any) -> Any:
                method = methods.get(details.method)
                return method and grpc.unary_unary_rpc_method_handler(
                    partial(serve, details.method, method),
                    request_deserializer=method.request.deserialize,
                    response_serializer=lambda reply: reply,
                )

        server.add_generic_rpc_handlers((Handler(),))
        self.port = server.add_insecure_port(f"{HOST}:0")
        server.start()
        self._server = server

    def stop(self) -> None:
        """Stop answering."""
        self._stopping.set()
        if self._server:
            self._server.stop(0).wait()
            self._server = None

    def _serve(self, name: str, method: Method, request: Any, context: Any) -> bytes:
        import grpc  # noqa: PLC0415
        from google.protobuf.json_format import ParseDict  # noqa: PLC0415

        path = f"{name}/{_subject(request)}"
        fault = self._faults.strike(path)
        if fault and fault.kind is Kind.HANG:
            self._stopping.wait(fault.seconds)
        pages = (Kind.ENDLESS, Kind.BLANK)
        if fault and fault.kind in (Kind.GARBAGE, Kind.CUT):
            return b"\xff\xff\xff\xff"
        if fault and fault.kind not in pages:
            self._recording.add("google", "CALL", path, Reply(_status(fault), None))
            context.abort(*_refusal(fault, path))
        found = method.answer(request)
        if found is None:
            context.abort(grpc.StatusCode.NOT_FOUND, "Unknown.")
        body = self._page(method.listing, found, request, fault) if method.listing else found
        self._recording.add("google", "CALL", path, Reply(200, body))
        message = ParseDict(body, method.reply.pb(method.reply()))
        return bytes(message.SerializeToString())

    def _page(self, listing: str, found: Any, request: Any, fault: Fault | None) -> dict[str, Any]:
        if not hasattr(request, "page_token"):
            return {listing: found}
        if fault and fault.kind is Kind.BLANK and not request.page_token:
            return {listing: [], "nextPageToken": "0"}
        if fault and fault.kind is Kind.ENDLESS:
            return {listing: found[:_PAGE], "nextPageToken": f"again-{next(self._tokens)}"}
        start = int(request.page_token or 0)
        rest = {"nextPageToken": str(start + _PAGE)} if len(found) > start + _PAGE else {}
        return {listing: found[start : start + _PAGE], **rest}


def _subject(request: Any) -> str:
    names = (getattr(request, name, "") for name in ("scope", "parent", "name"))
    return next(filter(None, names), "") or ",".join(getattr(request, "resource_names", ()))


def _status(fault: Fault) -> int:
    if fault.kind in (Kind.DROP, Kind.RESET, Kind.HANG):
        return 503
    return 429 if fault.kind is Kind.THROTTLE else fault.status


def _refusal(fault: Fault, path: str) -> tuple[Any, str]:
    import grpc  # noqa: PLC0415

    codes = {
        401: grpc.StatusCode.UNAUTHENTICATED,
        403: grpc.StatusCode.PERMISSION_DENIED,
        404: grpc.StatusCode.NOT_FOUND,
        429: grpc.StatusCode.RESOURCE_EXHAUSTED,
        503: grpc.StatusCode.UNAVAILABLE,
    }
    return codes.get(_status(fault), grpc.StatusCode.INTERNAL), f"refused: {path}"


def _methods(google: Google) -> dict[str, Method]:
    """Return every method that is answered, by its full name."""
    from google.cloud import asset_v1 as asset  # noqa: PLC0415
    from google.cloud import iam_admin_v1 as iam  # noqa: PLC0415
    from google.cloud import iam_v2, iam_v3  # noqa: PLC0415
    from google.cloud.audit import audit_log_pb2  # noqa: F401, PLC0415 (what entries hold)
    from google.cloud.logging_v2 import types as logging  # noqa: PLC0415

    def resources(request: Any) -> Any:
        by_policy = request.content_type == asset.ContentType.IAM_POLICY
        types = list(request.asset_types)
        return google.audit_configs() if by_policy else google.assets(types)

    def deny(request: Any) -> Any:
        """Return the policies without their rules, as the API does."""
        found = google.deny(_attachment(request.parent))
        return [{k: v for k, v in policy.items() if k != "rules"} for policy in found]

    def deny_policy(request: Any) -> Any:
        found = google.deny(_attachment(request.name))
        return next((policy for policy in found if policy["name"] == request.name), None)

    def place(request: Any) -> str:
        return str(request.parent).partition("/locations/")[0]

    def keys(request: Any) -> Any:
        return google.keys(request.name.rpartition("/")[2])

    boundaries = "/google.iam.v3.PrincipalAccessBoundaryPolicies"
    return {
        "/google.cloud.asset.v1.AssetService/SearchAllIamPolicies": Method(
            asset.SearchAllIamPoliciesRequest,
            asset.SearchAllIamPoliciesResponse,
            "results",
            lambda _: google.policies(),
        ),
        "/google.cloud.asset.v1.AssetService/ListAssets": Method(
            asset.ListAssetsRequest, asset.ListAssetsResponse, "assets", resources
        ),
        "/google.iam.admin.v1.IAM/ListRoles": Method(
            iam.ListRolesRequest, iam.ListRolesResponse, "roles", lambda r: google.roles(r.parent)
        ),
        "/google.iam.admin.v1.IAM/ListServiceAccountKeys": Method(
            iam.ListServiceAccountKeysRequest, iam.ListServiceAccountKeysResponse, "keys", keys
        ),
        "/google.iam.v2.Policies/ListPolicies": Method(
            iam_v2.ListPoliciesRequest, iam_v2.ListPoliciesResponse, "policies", deny
        ),
        "/google.iam.v2.Policies/GetPolicy": Method(
            iam_v2.GetPolicyRequest, iam_v2.Policy, "", deny_policy
        ),
        f"{boundaries}/ListPrincipalAccessBoundaryPolicies": Method(
            iam_v3.ListPrincipalAccessBoundaryPoliciesRequest,
            iam_v3.ListPrincipalAccessBoundaryPoliciesResponse,
            "principalAccessBoundaryPolicies",
            lambda _: google.boundaries(),
        ),
        f"{boundaries}/SearchPrincipalAccessBoundaryPolicyBindings": Method(
            iam_v3.SearchPrincipalAccessBoundaryPolicyBindingsRequest,
            iam_v3.SearchPrincipalAccessBoundaryPolicyBindingsResponse,
            "policyBindings",
            lambda r: google.bound(r.name),
        ),
        "/google.logging.v2.ConfigServiceV2/ListBuckets": Method(
            logging.ListBucketsRequest,
            logging.ListBucketsResponse,
            "buckets",
            lambda r: google.buckets(place(r)),
        ),
        "/google.logging.v2.ConfigServiceV2/ListSinks": Method(
            logging.ListSinksRequest,
            logging.ListSinksResponse,
            "sinks",
            lambda r: google.sinks(place(r)),
        ),
        "/google.logging.v2.LoggingServiceV2/ListLogEntries": Method(
            logging.ListLogEntriesRequest,
            logging.ListLogEntriesResponse,
            "entries",
            lambda r: [
                use
                for name in r.resource_names
                for use in google.uses(name)
                if _is_within(r.filter, use)
            ],
        ),
    }


_BOUND = re.compile(r'timestamp(>=|<)"([^"]+)"')
_PRINCIPALS = re.compile(r"principalEmail=\(([^)]+)\)")


def _is_within(query: str, entry: dict[str, Any]) -> bool:
    """Say whether a filter of the audit lets an entry through, by time and principals.

    One without an end lets all through: the demo's entries do not age, whenever it is run.
    """
    if "timestamp<" not in query:
        return True
    time = datetime.fromisoformat(entry["timestamp"])
    whom = _PRINCIPALS.search(query)
    email = entry["protoPayload"]["authenticationInfo"]["principalEmail"]
    return (not whom or f'"{email}"' in whom[1]) and all(
        time >= datetime.fromisoformat(bound)
        if sign == ">="
        else time < datetime.fromisoformat(bound)
        for sign, bound in _BOUND.findall(query)
    )


def _attachment(name: str) -> str:
    """Return the place that a name of deny policies is about; gRPC keeps it URL-encoded."""
    inner = unquote(name.removeprefix("policies/").partition("/denypolicies")[0])
    return inner.removeprefix("cloudresourcemanager.googleapis.com/")


_ACTIVITY = re.compile(
    r"/v1/projects/([^/]+)/locations/global/activityTypes/(\w+)/activities:query"
)
_INSIGHTS = re.compile(r"/v1/projects/([^/]+)/locations/global/insightTypes/[\w.]+/insights")
_EMAIL = re.compile(r"member_key_id == '([^']+)'")


def rest(google: Google) -> Callable[[Request], Reply]:
    """Return the application that answers what has no gRPC client."""

    def answer(request: Request) -> Reply:
        path = unquote(request.path)
        if found := _ACTIVITY.fullmatch(path):
            return Reply(200, {"activities": google.activities(found[1], found[2])})
        if found := _INSIGHTS.fullmatch(path):
            return Reply(200, {"insights": google.insights(found[1])})
        email = _EMAIL.search(request.query.get("query", ""))
        if path == "/v1/groups/-/memberships:searchTransitiveGroups" and email:
            return Reply(200, {"memberships": google.groups(email[1])})
        return error(404)

    return answer
