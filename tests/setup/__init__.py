"""What the checkout promises: locks, rooms, first use."""
