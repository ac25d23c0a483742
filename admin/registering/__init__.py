"""Registering our texts with carriers: what the 10DLC registry asks, in our words, and how our numbers are wired."""
