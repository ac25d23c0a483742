"""The reply router."""
