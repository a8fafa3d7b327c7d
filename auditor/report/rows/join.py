"""Joins what the results say about one entry: indexes by id, built once, rows made on demand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property

from auditor.config import Sla, Waiver
from auditor.models import (
    Assessment,
    Candidate,
    Classification,
    Confidence,
    Credential,
    Finding,
    FirstSeen,
    HumanEdit,
    Identity,
    Match,
    NoMatch,
    Resolution,
    Results,
    Role,
    Rotate,
    Secret,
    Severity,
    Use,
    Verdict,
)
from auditor.report.rows import people, waivers
from auditor.report.rows.words import utc
from auditor.report.tables import Value

BLANK = HumanEdit()


@dataclass(frozen=True, slots=True)
class Options:
    """How results are shown: at what time, by which SLA, with whose names proposed as owners."""

    now: datetime
    sla: Sla = field(default_factory=Sla)
    owners: Mapping[str, str] = field(default_factory=dict)
    """Owner to propose, by secret id."""
    waivers: Mapping[str, Waiver] = field(default_factory=dict)
    """Accepted risks, by secret id."""
    hosts: frozenset[str] = frozenset()
    """Configured hosts ("circleci.example.com", "ghe.example.com:8443") that may be linked to."""

    @property
    def today(self) -> date:
        """Return the day in UTC."""
        return utc(self.now).date()


@dataclass(frozen=True, slots=True)
class SecretRow:
    """One entry and everything the results say of it."""

    secret: Secret
    classification: Classification
    assessment: Assessment
    credential: Credential | None
    outcome: Match | NoMatch | None
    identities: tuple[Identity, ...]
    """Of every candidate, best first."""
    resolution: Resolution | None
    seen: FirstSeen
    edit: HumanEdit
    verdict: Verdict | None
    waiver: Waiver | None
    days_over: int | None
    closed: bool

    @property
    def best(self) -> Candidate | None:
        """Return the candidate most likely behind the entry."""
        return self.outcome.best if isinstance(self.outcome, Match) else None

    @property
    def open(self) -> bool:
        """Return whether somebody still has to act on the entry."""
        return not self.closed and self.assessment.severity is not Severity.NONE


@dataclass(frozen=True, slots=True)
class Vanished:
    """A row of the last workbook whose entry this run did not find.

    Its tool cells as they were, by header.
    """

    id: str
    cells: Mapping[str, Value]


class Joined:
    """The results with every index the tables need."""

    def __init__(
        self, results: Results, options: Options, vanished: tuple[Vanished, ...] = ()
    ) -> None:
        """Index the results; `vanished` holds rows of the last workbook that they lack."""
        self.results = results
        self.options = options
        self.vanished = vanished
        self.identities = {identity.id: identity for identity in results.identities}
        self.resolutions = {resolved.identity_id: resolved for resolved in results.resolutions}
        self._assessments = {assessed.secret_id: assessed for assessed in results.assessments}
        self._classified = {found.secret_id: found for found in results.classifications}
        self._seen = {seen.secret_id: seen for seen in results.history}
        self._verdicts = {verdict.secret_id: verdict for verdict in results.verdicts}
        self._credentials = {
            part.secret_id: credential
            for credential in results.credentials
            for part in credential.parts
        }
        self._uses: dict[str, tuple[Use, ...]] = {}
        for use in results.uses:
            self._uses[use.scope_id] = (*self._uses.get(use.scope_id, ()), use)
        self._findings: dict[str, tuple[Finding, ...]] = {}
        for finding in results.findings:
            for id_ in finding.secret_ids:
                self._findings[id_] = (*self._findings.get(id_, ()), finding)
        outcomes: tuple[Match | NoMatch, ...] = (*results.unmatched, *results.matches)
        self._outcomes = {outcome.credential_id: outcome for outcome in outcomes}

    def rows(self) -> Iterator[SecretRow]:
        """Yield every entry: worst severity first, then score, then due date."""
        return (self._row(secret) for secret in self.ordered)

    def outcome(self, secret_id: str) -> Match | NoMatch | None:
        """Return whose credential an entry is part of, None where nobody was asked."""
        credential = self._credentials.get(secret_id)
        return self._outcomes.get(credential.id) if credential else None

    def uses(self, scope_id: str) -> tuple[Use, ...]:
        """Return the jobs that were seen to receive what a scope holds."""
        return self._uses.get(scope_id, ())

    def findings(self, secret_id: str) -> tuple[Finding, ...]:
        """Return what the hunts found of the identities that an entry leads to, worst first."""
        return self._findings.get(secret_id, ())

    def severity(self, secret_id: str) -> Severity:
        """Return the severity of an entry; one that was never assessed is unknown."""
        assessed = self._assessments.get(secret_id)
        return assessed.severity if assessed else Severity.UNKNOWN

    def verdict(self, secret_id: str) -> Verdict | None:
        """Return how far the rotation of an entry has come, None for what is no secret."""
        return self._verdicts.get(secret_id)

    @cached_property
    def ordered(self) -> tuple[Secret, ...]:
        """Return the entries in the order of `rows`."""
        return tuple(sorted(self.results.secrets, key=self._urgency))

    def _urgency(self, secret: Secret) -> tuple[int, int, date, str, str, str]:
        assessed = self._assessments.get(secret.id)
        score = assessed.score if assessed else 0
        due = self._edit(secret.id).due or date.max
        rank = self.severity(secret.id).rank
        return -rank, -score, due, secret.scope.name, secret.name, secret.id

    def held(self) -> dict[str, HumanEdit]:
        """Return what the columns of people hold after this run, proposals included, by id."""
        told = {secret.id: self._edit(secret.id) for secret in self.results.secrets}
        return {**self.results.edits, **{id_: edit for id_, edit in told.items() if edit != BLANK}}

    def _edit(self, secret_id: str) -> HumanEdit:
        return people.proposed(
            self.results.edits.get(secret_id, BLANK),
            severity=self.severity(secret_id),
            first_seen=self.first_seen(secret_id).first,
            sla=self.options.sla,
            owner=self.options.owners.get(secret_id, ""),
        )

    def first_seen(self, secret_id: str) -> FirstSeen:
        """Return when an entry was first and last seen."""
        started = utc(self.results.run.started)
        return self._seen.get(secret_id) or FirstSeen(secret_id, started, started)

    def _row(self, secret: Secret) -> SecretRow:
        edit = self._edit(secret.id)
        verdict = self.verdict(secret.id)
        outcome = self.outcome(secret.id)
        identities = self.candidates(outcome)
        today = self.options.today
        waiver = self.options.waivers.get(secret.id)
        waived = waivers.in_force(waiver, today) and not people.contradicted(edit, verdict)
        return SecretRow(
            secret=secret,
            classification=self._classified.get(secret.id) or _unclassified(secret.id),
            assessment=self._assessments.get(secret.id) or _unassessed(secret.id),
            credential=self._credentials.get(secret.id),
            outcome=outcome,
            identities=identities,
            resolution=self.resolutions.get(identities[0].id) if identities else None,
            seen=self.first_seen(secret.id),
            edit=edit,
            verdict=verdict,
            waiver=waiver,
            days_over=None if waived else people.days_over(edit, today, verdict),
            closed=waived or people.closed(edit, today, verdict),
        )

    def candidates(self, outcome: Match | NoMatch | None) -> tuple[Identity, ...]:
        """Return the identity of every candidate, best first, each once."""
        if not isinstance(outcome, Match):
            return ()
        ids = dict.fromkeys(candidate.identity_id for candidate in outcome.candidates)
        return tuple(self.identities.get(id_) or _unlisted(id_) for id_ in ids)


def _unlisted(identity_id: str) -> Identity:
    """Return an identity that a person named and no provider listed."""
    return Identity(identity_id, "", "", identity_id, "", None, "", ())


def _unclassified(secret_id: str) -> Classification:
    return Classification(secret_id, Role.UNCLASSIFIED, "", "", "", "", "", Confidence.NONE)


def _unassessed(secret_id: str) -> Assessment:
    advice = "The entry was not assessed: look at it by hand."
    return Assessment(secret_id, Severity.UNKNOWN, 0, (), Confidence.NONE, Rotate.CHECK, advice)
