"""Decides what Azure role assignments allow, exactly: `evaluate`.

Pure: plain JSON in the vendor's own shape in, a verdict out; no network, no clock.

    from auditor.providers.azure.engine import evaluate

    evaluate({object_id}, "Microsoft.Compute/virtualMachines/read", None, "/subscriptions/S",
             assignments, definitions, deny)

`patterns` matches wildcards against wildcards, `scopes` tells what lies below what, `conditions`
reads the language of conditions, `documents` reads what Azure and its CLI print, `verdict` is what
is answered.
"""

from auditor.providers.azure.engine.documents import Malformed
from auditor.providers.azure.engine.evaluate import evaluate
from auditor.providers.azure.engine.verdict import Allowed, AllowedIf, Denied, Verdict

__all__ = ["Allowed", "AllowedIf", "Denied", "Malformed", "Verdict", "evaluate"]
