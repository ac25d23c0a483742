"""What a received message says: its parts, its quotes, whether a machine wrote it."""
