"""Verifies that a rotation happened at both ends: in the CI system and at the provider.

`baselines` keeps what an entry was before, `ci` compares what the CI system holds now, `provider`
looks whether the old credential is dead, `judge` is the table that puts both together, and
`verify` goes over all entries. `memory` says what an entry may be that only earlier runs could see.
"""

from __future__ import annotations

from auditor.risk.closure.baselines import Sight
from auditor.risk.closure.judge import MEANING
from auditor.risk.closure.memory import Memory
from auditor.risk.closure.provider import Registry
from auditor.risk.closure.verify import Verification, World, verify

__all__ = ["MEANING", "Memory", "Registry", "Sight", "Verification", "World", "verify"]
