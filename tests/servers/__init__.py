"""Real PostgreSQL and Redis for tests: one of each a run, started at first use, ended with the run whatever happens."""
