"""ci-secrets-auditor.

What a CI system holds, who stands behind it, how bad a leak is, and whether it is closed.
"""

from __future__ import annotations

__version__ = "0.1.0"
