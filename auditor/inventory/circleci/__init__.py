"""CircleCI, Cloud and Server: contexts, projects, and the credentials they hold.

`collect` asks (client, listing, organizations, contexts, discovery, stores), `documents` keeps the
replies, `read` tells from them what there is (projects, scopes, exposure, gaps).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import urlsplit

from auditor.collecting import Collecting, Snapshot
from auditor.inventory import Inventory
from auditor.inventory.circleci.locate import located
from auditor.inventory.circleci.read import read
from auditor.inventory.circleci.settings import Settings
from auditor.models import Check, PlannedCall


class CircleCI:
    """The CI system CircleCI. `environ` holds the token; `sleep` is a seam for tests."""

    name = "circleci"
    title = "CircleCI"
    settings = Settings

    locate = staticmethod(located)

    def __init__(
        self,
        environ: Mapping[str, str] = os.environ,
        sleep: Callable[[float], object] | None = None,
    ) -> None:
        """Use the process's own environment, and sleep for real, unless told otherwise."""
        self._environ = environ
        self._sleep = sleep

    def collect(self, settings: Settings, collecting: Collecting) -> None:
        """Read CircleCI into the snapshot, going on where an earlier call with it ended.

        AuthError when the token is missing or refused, RemoteError when nobody answers. Ctrl-C is
        raised at once; what is saved by then stays.
        """
        from auditor.inventory.circleci.client import Client  # noqa: PLC0415 (loads requests)
        from auditor.inventory.circleci.collect import check, collect, token_from  # noqa: PLC0415

        check(settings)
        token = token_from(settings, self._environ)
        with Client(settings, token, sleep=self._sleep) as client:
            collect(client, settings, collecting)

    def examine(self, settings: Settings) -> Iterator[Check]:
        """Yield whose token it is and which organisations it shows."""
        from auditor.inventory.circleci.client import Client  # noqa: PLC0415 (loads requests)
        from auditor.inventory.circleci.collect import check, token_from  # noqa: PLC0415
        from auditor.inventory.circleci.examine import clock, examine  # noqa: PLC0415

        check(settings)
        with Client(settings, token_from(settings, self._environ), sleep=self._sleep) as client:
            yield from examine(client, settings)
            yield from clock(client.ahead)

    def planned_calls(self, settings: Settings, usage_budget: int) -> Iterator[PlannedCall]:
        """Yield the calls of an audit, found by rehearsing it against nobody."""
        from auditor.inventory.circleci.rehearsal import planned_calls  # noqa: PLC0415 (loads yaml)

        return planned_calls(settings, usage_budget)

    def hosts(self, settings: Settings) -> tuple[str, ...]:
        """Return the host of the web application, that links lead to."""
        return (urlsplit(settings.app).netloc,)

    def read(self, settings: Settings, snapshot: Snapshot) -> Inventory:
        """Return the inventory that the snapshot holds."""
        return read(settings, snapshot)


SYSTEM = CircleCI()
