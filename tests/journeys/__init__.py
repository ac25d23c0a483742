"""Journeys as people write them, read back, checked, stored and said in words."""
