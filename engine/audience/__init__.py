"""Conditions compiled to SQL: the one compiler, for batches."""
