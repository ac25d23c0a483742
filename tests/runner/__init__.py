"""Journeys move: once, in time, around conversations."""
