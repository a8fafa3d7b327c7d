"""The errors people see: one message, one hint, one exit code each. Only `cli` exits.

AuditorError
├── ConfigError          2   the configuration or the command line cannot be used
├── MissingExtra         2   an optional package is not installed
├── AuthError            3   not authenticated, or not permitted anything useful
├── RemoteError          4   the network or a remote API failed
├── WorkbookError        5   the workbook could not be written where it belongs
└── Interrupted        130   a person stopped the run
"""

from __future__ import annotations


class AuditorError(Exception):
    """An expected failure: says what happened, what to do about it, and the exit code it means."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        """Keep the message and the hint; neither may hold a secret."""
        super().__init__(message)
        self.message = message
        self.hint = hint


class ConfigError(AuditorError):
    """The configuration or the command line cannot be used as given."""

    exit_code = 2


class MissingExtra(ConfigError):
    """A provider needs an optional package that is not installed."""

    def __init__(self, provider: str, extra: str) -> None:
        """Name the extra to install for the provider."""
        super().__init__(
            f"{provider} is configured, but its packages are not installed",
            f"install them: pip install 'ci-secrets-auditor[{extra}]'",
        )


class AuthError(AuditorError):
    """Not authenticated, or permitted so little that nothing useful could be collected."""

    exit_code = 3


class RemoteError(AuditorError):
    """The network or a remote API failed, beyond what retries mend."""

    exit_code = 4


class WorkbookError(AuditorError):
    """The workbook is in use or unsafe to write.

    The results were saved elsewhere and the message says where.
    """

    exit_code = 5


class Interrupted(AuditorError):
    """A person stopped the run; what was collected is kept."""

    exit_code = 130
