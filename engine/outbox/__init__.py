"""Everything said to anyone: one way to speak, one gate, one courier."""
