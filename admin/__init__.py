"""The humans' side: the shared inbox, the command line, the sandbox, and the wiring of a process."""
