"""Coverage-guided fuzzing of whatever reads strangers' words: `python -m tests.fuzz mail --seconds 60`."""
