"""One entry, credential or identity from end to end, and the rights it should have instead.

Of a finished run, or of exported files alone; nothing is asked of anybody.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TextIO

from auditor import exported, hunting, used
from auditor.config import from_json
from auditor.errors import ConfigError
from auditor.models import Fact, Results, Seen, Suggestion
from auditor.plan import plan
from auditor.providers import Directory, Suggester, provider_called, providers
from auditor.report import chain
from auditor.report.text import for_terminal
from auditor.runs import RESULTS_NAME, Run, open_run, read_results


def of_run(id_: str, folder: Path, out: TextIO) -> None:
    """Write what a run knows of an entry, a credential, an identity, a finding or a weakness.

    ConfigError where the run knows no such id.
    """
    results = _results(folder)
    lines = chain.told(results, id_)
    if lines is None:
        raise _unknown(id_, chain.ids(results))
    _write(lines, out)


def of_export(id_: str, provider: str, export: Path, now: datetime, out: TextIO) -> None:
    """Write what exported files tell of an identity, named by its id or its name.

    `provider` may be "": then it is the one whose files these are.
    """
    directory, wanted = _exported(id_, provider, export, now)
    _write(chain.of_identity(directory.identities[wanted], directory.resolve(wanted)), out)


def suggest_of_run(id_: str, folder: Path, out: TextIO, err: TextIO) -> None:
    """Write the rights that an identity of a run should have, or the one behind an entry."""
    results = _results(folder)
    wanted = chain.identity_of(results, id_)
    if wanted is None:
        raise _unknown(id_, chain.ids(results))
    run = open_run(folder)
    for directory in _directories(run):
        if wanted in directory.identities:
            seen = used.seen(results, hunting.kept(run), wanted)
            _suggest(directory, wanted, out, err, seen)
            return
    raise ConfigError(f"the run holds nothing about the rights of {wanted}", "audit again")


def suggest_of_export(
    id_: str, provider: str, export: Path, now: datetime, out: TextIO, err: TextIO
) -> None:
    """Write the rights that an identity of exported files should have."""
    directory, wanted = _exported(id_, provider, export, now)
    _suggest(directory, wanted, out, err)


def _suggest(
    directory: Directory, id_: str, out: TextIO, err: TextIO, seen: Fact[Seen] | None = None
) -> None:
    """Write the documents as JSON, one of them as it is, several as a list; the rest to stderr."""
    if not isinstance(directory, Suggester):
        provider = directory.identities[id_].provider
        raise ConfigError(f"no rights can be suggested for identities of {provider}", "")
    found: Suggestion = directory.suggest(id_, seen)
    missing = (f"not known: {gap.what}: {gap.why}; {gap.fix}" for gap in found.gaps)
    err.writelines(for_terminal(line) + "\n" for line in (*found.why, *missing))
    documents = list(found.documents)
    if documents:
        shown = documents[0] if len(documents) == 1 else documents
        out.write(json.dumps(shown, indent=2) + "\n")


def _results(folder: Path) -> Results:
    """Return the results of a run: in its folder, or beside it where that could not be written."""
    run = open_run(folder)
    return read_results(run.folder / RESULTS_NAME)


def _directories(run: Run) -> Iterator[Directory]:
    """Yield what each provider of a run knows, read from the run's snapshot."""
    todo = plan(from_json(run.settings["loaded"], str(run.folder)), run.settings["only"])
    for provider, settings in todo.providers.values():
        yield provider.read(settings, run.snapshot)


def _exported(id_: str, provider: str, export: Path, now: datetime) -> tuple[Directory, str]:
    """Return the directory of an export that knows an identity, and the identity's id."""
    if not export.exists():
        raise ConfigError(f"{export} is not there", "name what the provider's own CLI printed")
    asked = [provider_called(provider)] if provider else providers().values()
    known: list[str] = []
    for one in asked:
        directory = exported.read(one, export, now)
        if id_ in directory.identities:
            return directory, id_
        named = [found.id for found in directory.identities.values() if found.name == id_]
        if len(named) == 1:
            return directory, named[0]
        known += named or directory.identities
    raise _unknown(id_, known)


def _unknown(id_: str, known: Iterable[str]) -> ConfigError:
    some = ", ".join(islice(known, _SHOWN))
    return ConfigError(f"nothing is called {id_}", f"such as: {some}" if some else "")


def _write(lines: Iterator[str], out: TextIO) -> None:
    encoding = out.encoding or "utf-8"
    for line in lines:
        shown = for_terminal(line).encode(encoding, "backslashreplace").decode(encoding)
        out.write(shown + "\n")


_SHOWN = 5
"""Known ids that are named where one is not."""
