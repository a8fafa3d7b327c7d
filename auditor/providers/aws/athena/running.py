"""Runs one query of Athena and reads its rows: bounded in time and bytes, stopped when told to.

A query whose result is kept by Athena can be read again for a day, at no cost.
https://docs.aws.amazon.com/athena/latest/ug/managed-results.html
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from auditor.providers.aws.athena.planning import Refused
from auditor.providers.aws.athena.table import SHAPE
from auditor.providers.aws.documents import LIMIT, refusal, text
from auditor.providers.aws.jobs import pages

MOST_PAGES = 1_000
"""Pages of a thousand events that are read of one query."""
_LONGEST_PAUSE = 5.0
_BUSY = ("QUEUED", "RUNNING")
_MOST_ROWS = 1_000


@dataclass(frozen=True, slots=True)
class Runner:
    """What runs queries in one workgroup, until it is too late."""

    athena: Any
    workgroup: str
    deadline: float
    """By the monotonic clock."""
    pause: float
    """Seconds between asking whether a query has ended, at first."""

    def start(self, sql: str) -> str:
        """Return the id of a query that was begun, with nothing said of where results go."""
        context = {"Catalog": "AwsDataCatalog"}
        begun = self.athena.start_query_execution(
            QueryString=sql, WorkGroup=self.workgroup, QueryExecutionContext=context
        )
        return str(begun["QueryExecutionId"])

    def alive(self, query: str) -> bool:
        """Say whether an earlier query still runs, or ended well and can be read."""
        found = self.athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]
        return text(found.get("Status"), "State") in (*_BUSY, "SUCCEEDED")

    def wait(self, query: str, most: int) -> int:
        """Return how many bytes the query scanned, once it ended.

        Refused where it failed, took too long, scans more than `most`, or would write a bucket.
        """
        pause = self.pause
        with self._stopped_if_left(query) as state:
            while True:
                found = self.athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]
                state["now"] = text(found.get("Status"), "State")
                scanned = int((found.get("Statistics") or {}).get("DataScannedInBytes") or 0)
                if place := text(found.get("ResultConfiguration"), "OutputLocation"):
                    raise Refused("WorkGroup", f"workgroup {self.workgroup} writes into {place}")
                if state["now"] not in _BUSY:
                    break
                if scanned > most:
                    raise Refused("TooMuch", f"the query had scanned {scanned:,} bytes already")
                self.check_time("the query was not done")
                time.sleep(pause)
                pause = min(pause * 1.5, _LONGEST_PAUSE)
        if state["now"] != "SUCCEEDED":
            why = text(found.get("Status"), "StateChangeReason") or "Athena gives no reason"
            raise Refused("QueryFailed", f"the query {state['now'].lower()}: {why}")
        return scanned

    def check_time(self, what: str) -> None:
        """Refuse to go on when it is too late."""
        if time.monotonic() >= self.deadline:
            raise Refused("TimeLimit", f"{what} when the time of athena_minutes was over")

    @contextmanager
    def _stopped_if_left(self, query: str) -> Iterator[dict[str, str]]:
        """Stop the query where it is left before its end: by an error, a limit, or Ctrl-C."""
        state = {"now": "QUEUED"}
        try:
            yield state
        except Refused as refused:
            if state["now"] in _BUSY:
                state["now"] = ""
                raise Refused(refused.code, f"{refused.why}; {self._stop(query)}") from None
            raise
        finally:
            if state["now"] in _BUSY:
                self._stop(query)

    def _stop(self, query: str) -> str:
        """Stop a query, and say whether it was."""
        try:
            self.athena.stop_query_execution(QueryExecutionId=query)
        except self.athena.exceptions.ClientError as error:
            why = refusal(error)["error"]
            return f"it could not be stopped ({why}): stop {query} in workgroup {self.workgroup}"
        return "it was stopped"

    def rows(self, query: str) -> Iterator[list[dict[str, Any]]]:
        """Yield the records of a query that ended well, page by page.

        Refused where there are more than are read, or it is too late.
        """
        arguments = {"QueryExecutionId": query, "MaxResults": _MOST_ROWS}
        told = pages(self.athena.get_query_results, "NextToken", "NextToken", **arguments)
        for number, page in enumerate(told):
            yield _records(page.get("ResultSet") or {}, first=number == 0)
            if number + 1 == MOST_PAGES and page.get("NextToken"):
                raise Refused(LIMIT, f"only {MOST_PAGES * _MOST_ROWS:,} events were read")
            if page.get("NextToken"):
                self.check_time(f"{number + 1:,} pages of its events were read")


def _records(result: Mapping[str, Any], *, first: bool) -> list[dict[str, Any]]:
    """Return the rows of a page as records; the first row of all repeats the columns' names."""
    columns = [str(one["Name"]).lower() for one in result["ResultSetMetadata"]["ColumnInfo"]]
    cells = ([one.get("VarCharValue", "") for one in row["Data"]] for row in result["Rows"])
    rows = [dict(zip(columns, row, strict=True)) for row in cells]
    if first and rows and all(name == cell.lower() for name, cell in rows[0].items()):
        rows = rows[1:]
    return [SHAPE.record(row) for row in rows]
