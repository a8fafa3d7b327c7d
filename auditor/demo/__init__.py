"""The embedded organisation: an invented company on loopback servers, to audit and to test with.

`Organisation` runs it, `load` and `generate` make the scenario it serves, `Faults` makes it go
wrong. Only starting one loads the packages of the extra "demo".
"""

from __future__ import annotations

from auditor.demo.faults import Faults, Garbage
from auditor.demo.organisation import Organisation
from auditor.demo.scenario import generate, load
from auditor.demo.wire import Recording

__all__ = ["Faults", "Garbage", "Organisation", "Recording", "generate", "load"]
