"""Hunts as data: Sigma rules on normalised names, with an operator each.

`definition` says what a hunt is, `loading` reads ours and other people's, `backend` compiles a
selection to SQL, `operators` is the closed set of what can be unusual about the selected events.
"""
