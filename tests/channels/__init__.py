"""Mail: its bytes, and the relay it leaves by."""
