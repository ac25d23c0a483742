"""Self-governing groups of members: chapters, memberships, roles."""
