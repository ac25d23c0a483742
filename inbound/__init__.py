"""The doors members come in by."""
