"""All data types of the audit: frozen dataclasses and enums, standard library only.

They follow the eight steps: inventory makes `Secret`s, classify makes `Classification`s and
`Credential`s, identify makes `Match`es, resolve makes `Grant`s and `Capability`s, score makes
`Assessment`s. What could not be learnt is a `Gap`, never an absence.
"""

from __future__ import annotations

from auditor.models.access import (
    AccessKey,
    Candidate,
    Capability,
    CapabilityName,
    Grant,
    Identity,
    Match,
    NoMatch,
    Resolution,
    Seen,
    Suggestion,
    Usage,
    Weakness,
    weakness_id,
)
from auditor.models.changes import BY_HAND, Change, Point, Who
from auditor.models.checks import Check, Health
from auditor.models.closure import Baseline, Closure, KeyUse, Logged, OldKey, Storing, Verdict
from auditor.models.findings import (
    FilesRead,
    Finding,
    Habit,
    Hit,
    Hunted,
    Hunting,
    HuntRun,
    LogRead,
    Reference,
    Strength,
    Used,
    finding_id,
)
from auditor.models.inventory import (
    Coverage,
    Exposure,
    JobRun,
    Place,
    Scope,
    ScopeKind,
    Secret,
    Tail,
    Use,
    secret_id,
)
from auditor.models.known import Confidence, Evidence, Fact, Gap, Json, Known, Unknown
from auditor.models.logs import LogCoverage
from auditor.models.names import Classification, Credential, Kind, Part, Role
from auditor.models.planned import PlannedCall
from auditor.models.results import FirstSeen, HumanEdit, Incident, Past, Results, RunInfo
from auditor.models.score import Assessment, Reason, Rotate, Severity

__all__ = [
    "BY_HAND",
    "AccessKey",
    "Assessment",
    "Baseline",
    "Candidate",
    "Capability",
    "CapabilityName",
    "Change",
    "Check",
    "Classification",
    "Closure",
    "Confidence",
    "Coverage",
    "Credential",
    "Evidence",
    "Exposure",
    "Fact",
    "FilesRead",
    "Finding",
    "FirstSeen",
    "Gap",
    "Grant",
    "Habit",
    "Health",
    "Hit",
    "HumanEdit",
    "HuntRun",
    "Hunted",
    "Hunting",
    "Identity",
    "Incident",
    "JobRun",
    "Json",
    "KeyUse",
    "Kind",
    "Known",
    "LogCoverage",
    "LogRead",
    "Logged",
    "Match",
    "NoMatch",
    "OldKey",
    "Part",
    "Past",
    "Place",
    "PlannedCall",
    "Point",
    "Reason",
    "Reference",
    "Resolution",
    "Results",
    "Role",
    "Rotate",
    "RunInfo",
    "Scope",
    "ScopeKind",
    "Secret",
    "Seen",
    "Severity",
    "Storing",
    "Strength",
    "Suggestion",
    "Tail",
    "Unknown",
    "Usage",
    "Use",
    "Used",
    "Verdict",
    "Weakness",
    "Who",
    "finding_id",
    "secret_id",
    "weakness_id",
]
