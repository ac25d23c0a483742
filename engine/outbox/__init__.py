"""The one way to speak: post, gate, courier, and what providers say afterwards (law 4)."""
