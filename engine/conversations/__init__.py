"""What people said to each other, who answers, and what came in at the doors."""
