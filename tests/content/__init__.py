"""Letters, and who lends their name to them."""
