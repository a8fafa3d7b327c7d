"""The command line, run as a person runs it, against the invented company."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditor.demo import Organisation


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    code: int
    stdout: str
    stderr: str


class Audits:
    """A configuration for the organisation, an output folder, and the commands over them."""

    def __init__(
        self, organisation: Organisation, folder: Path, *, without: tuple[str, ...] = ()
    ) -> None:
        """Leave out the providers named in `without`: each SDK costs seconds to load."""
        self.organisation = organisation
        self.folder = folder
        self.out = folder / "out"
        self.config = folder / "config.toml"
        text = organisation.config_toml()
        for name in without:
            text = re.sub(rf"(?ms)^\[providers\.{name}\]$.*?(?=^\[|\Z)", "", text)
        self.config.write_text(text, "utf-8")
        self.first = Ended(-1, "", "")
        self.exchanges: tuple[str, ...] = ()

    @property
    def environment(self) -> dict[str, str]:
        return dict(os.environ) | dict(self.organisation.environment())

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "auditor", *arguments]

    def run(self, *arguments: str, environment: Mapping[str, str] | None = None) -> Ended:
        """Run `auditor` with these arguments to its end."""
        done = subprocess.run(
            self.command(*arguments),
            capture_output=True,
            text=True,
            encoding="utf-8",
            cwd=self.folder,
            env=self.environment | dict(environment or {}),
            timeout=120,
            check=False,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    def audit(self, *arguments: str, environment: Mapping[str, str] | None = None) -> Ended:
        """Run an audit with the configuration and the output folder."""
        told = ("audit", "--config", str(self.config), "--out", str(self.out))
        return self.run(*told, *arguments, environment=environment)

    @property
    def runs(self) -> list[Path]:
        return sorted(path.parent for path in self.out.glob("*/run.json"))

    @property
    def tracker(self) -> Path:
        return self.out / "tracker.xlsx"

    def results(self, run: int = -1) -> Any:
        return json.loads((self.runs[run] / "results.json").read_text("utf-8"))

    def severities(self, run: int = -1) -> dict[str, str]:
        """Return the severity of every entry by its id."""
        rows = self.results(run)["assessments"]
        return {row["secret_id"]: row["severity"] for row in rows}

    def ids(self, run: int = -1) -> dict[tuple[str, str], str]:
        """Return the id of every entry by scope and name."""
        return {
            (row["scope"]["name"], row["name"]): row["id"] for row in self.results(run)["secrets"]
        }

    def written(self) -> Iterator[tuple[str, bytes]]:
        """Yield every file that was written, unpacked: (name, bytes)."""
        for path in sorted(self.out.rglob("*")):
            if path.suffix == ".gz":
                yield str(path), gzip.decompress(path.read_bytes())
            elif path.suffix == ".xlsx":
                with zipfile.ZipFile(path) as archive:
                    for name in archive.namelist():
                        yield f"{path}:{name}", archive.read(name)
            elif path.is_file() and path.name != ".tail-key":
                yield str(path), path.read_bytes()
