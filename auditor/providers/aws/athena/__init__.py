"""A table of CloudTrail's logs, asked through Athena: by a person with `query`, live by `collect`.

`table` knows what a table is like, `sql` asks it, `measuring` tells how much is there, `planning`
whether a query may be run, `running` runs one and reads its rows, `collecting` does it for every
table of the settings, and `told` words what came of it. Nothing of the customer's is written: a
query is run only where its workgroup keeps results with Athena.
"""

from __future__ import annotations

from auditor.providers.aws.athena.collecting import collect
from auditor.providers.aws.athena.sql import query
from auditor.providers.aws.athena.told import accounts_of, coverage, gaps_of

__all__ = ["accounts_of", "collect", "coverage", "gaps_of", "query"]
