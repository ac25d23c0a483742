"""Watching: what machines ask this process, /alive, /ready and /metrics; docs/watching.md tells what they are told."""
