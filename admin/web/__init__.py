"""The humans' pages: signing in, the inbox, a conversation."""
