"""Understands what came in: what was said, by whom, where it goes and why."""
