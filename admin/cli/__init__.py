"""The command line: hearthline."""
