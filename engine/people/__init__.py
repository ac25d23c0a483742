"""Members, how to reach them, what they agreed to, where they stand, and whom they know."""
