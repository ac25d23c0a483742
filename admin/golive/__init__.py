"""Going live: the way mail leaves and comes in, the records that must stand in the DNS, and a test of the whole way.

`ways_out` knows the common relays, `plan` makes settings of what the operator says, `records` says which records are
needed and looks whether they are there; `authority`, `waiting` and `misplaced` find out why one is not. `home` looks at
the organization's own mail, `theirs` at what the provider asks for. `round_trip` sends a mail all the way, and `fronts`
writes what stands before us.
"""
