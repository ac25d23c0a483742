"""What every room stands on: settings, clock, ids and signed tokens, errors, database, wake-ups by name, log."""
