"""Lives: a small town in which anything may happen in any order, and what must be so whatever happens."""
