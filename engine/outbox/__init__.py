"""The one way to speak: post, gate, courier, and what providers say afterwards (DESIGN law 4)."""
