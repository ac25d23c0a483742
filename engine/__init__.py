"""The core: who, what was said, what is due, how it leaves."""
