"""What every page of ours is made of: tokens, parts, layouts and the words on them. Knows no web framework."""
