"""Tests are sentences."""
