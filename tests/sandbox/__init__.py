"""Tests of the outside world as the sandbox plays it."""
