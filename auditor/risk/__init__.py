"""How bad a leak is and what to do about it: pure rules over what the earlier steps learnt.

`severity.assess` is the step.
"""
