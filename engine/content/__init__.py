"""What is sent: template versions and who lent their name to them."""
