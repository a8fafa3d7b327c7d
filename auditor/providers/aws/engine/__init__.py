"""Decides what AWS would answer to a request, exactly: `evaluate`.

Pure: plain data in, a `Verdict` out; no network, no files but the packaged table, no clock.

    from auditor.providers.aws.engine import Request, evaluate

    verdict = evaluate(
        Request("arn:aws:iam::111122223333:user/ci", "s3:GetObject", "arn:aws:s3:::builds/a.tgz"),
        identity=[document],
    )
    verdict.decision, verdict.blocked_by, verdict.statements, verdict.conditions

`patterns` (one folder up) matches wildcards; `variables`, `operators` and `conditions` decide
Condition elements, `callers` and `principals` whom a statement is about, `statements` whether it
applies, `opinions` what one layer says, `evaluate` what all layers together mean; `fixed` is what
AWS decides whatever policies say. Truth has three values throughout (`truth`).
"""

from auditor.providers.aws.engine.errors import BadRequest, EngineError, MalformedPolicy
from auditor.providers.aws.engine.evaluate import Layers, decide, decide_asked, evaluate
from auditor.providers.aws.engine.request import Request
from auditor.providers.aws.engine.verdict import Decider, Decision, Layer, Pending, Verdict

__all__ = [
    "BadRequest",
    "Decider",
    "Decision",
    "EngineError",
    "Layer",
    "Layers",
    "MalformedPolicy",
    "Pending",
    "Request",
    "Verdict",
    "decide",
    "decide_asked",
    "evaluate",
]
