"""Pages members come in by: links in letters, preferences, sign-up."""
