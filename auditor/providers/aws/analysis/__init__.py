"""What every identity of an account may really do, why, and what it can become.

`catalogue` lists AWS's actions, `targets` numbers them by the resources that they are done on, and
`masks` decides all of them for an identity at once, bit by bit. `holders` gathers the policies that
reach an identity; `ways` asks the exact engine about single actions, `capabilities` words them.
"""
