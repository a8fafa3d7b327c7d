"""What identities did, as far as logs show it: sources, normalised events, hunts.

`sources/` decodes one kind of log each, `reading` turns files into `events.Event`s and a ledger,
`store` keeps them as Parquet in the run's folder and offers them to SQL. The modules of this
package need the extra `hunts`; `ready` says so before one of them is imported.
"""

from __future__ import annotations

from importlib.util import find_spec

from auditor.errors import MissingExtra

PACKAGES = ("duckdb", "isal", "msgspec", "sigma", "yaml")


def ready() -> None:
    """Raise MissingExtra where a package that reading logs needs is not installed."""
    if not all(find_spec(name) for name in PACKAGES):
        raise MissingExtra("reading logs", "hunts")
