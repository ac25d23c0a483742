"""Plays the outside world on loopback: mailboxes, a page to write as any member, a movable clock."""
