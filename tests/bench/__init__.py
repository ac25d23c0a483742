"""How fast, beside how fast it would be done naively: each figure is a ratio taken within one run."""
