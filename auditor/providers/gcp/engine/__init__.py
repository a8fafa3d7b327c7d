"""Decides whether a principal has a permission on a resource, from policies in plain data.

`evaluate` is the way in. Everything is a pure function: no client, no file, no clock.
"""

from auditor.providers.gcp.engine.errors import BadRequest
from auditor.providers.gcp.engine.evaluate import evaluate
from auditor.providers.gcp.engine.verdict import Allowed, AllowedIf, Decider, Denied, Verdict

__all__ = ["Allowed", "AllowedIf", "BadRequest", "Decider", "Denied", "Verdict", "evaluate"]
