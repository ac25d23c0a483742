"""Members, their addresses, what they agreed to."""
