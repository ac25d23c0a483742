"""Conditions mean in SQL what they mean in words."""
