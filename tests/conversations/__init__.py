"""What people said to each other, and who answers."""
