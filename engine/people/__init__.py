"""Members, their addresses, what they consented to, and where they are on their paths."""
