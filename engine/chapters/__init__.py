"""Self-governing groups: who belongs to them, in which role."""
