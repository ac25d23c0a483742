"""What every room stands on: settings, clock, ids, tokens, errors, database, broker, log."""
