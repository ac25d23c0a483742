"""Answers to open questions: one file per kind of question, one table from kind to handler."""
