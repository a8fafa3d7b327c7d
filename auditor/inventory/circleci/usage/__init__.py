"""Who really uses the secrets: jobs, by the pipelines' configuration and by what they say of runs.

Looking costs calls, so it is a sample within `usage_budget`: `budget` plans it, `collect` asks,
`configuration` reads a compiled configuration, `read` tells what came of it.
"""
