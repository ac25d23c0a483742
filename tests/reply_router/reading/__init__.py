"""The reading of letters: words, kinds, and everything hostile."""
