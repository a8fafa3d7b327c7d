"""Everything a person or a program gets to see of a run.

`rows` makes neutral tables from `models.Results`, once; every writer shows those same tables:
`workbook` (and `tracker`, which keeps what people wrote into it) and `terminal`. A new output is a
new module here that reads `rows`; a new column is one line in the table it belongs to.
"""
