"""The humans' side, through its pages."""
