"""Bringing files of people in: judged as a whole first, then written in batches, with a hello to follow."""
