"""Who did what to whom; ids only."""
