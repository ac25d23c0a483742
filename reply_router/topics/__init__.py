"""A chapter's topics, the way in: what belongs in one, what is held first, and the commands that concern it."""
