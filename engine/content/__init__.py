"""What may be said: template versions, their approvals, images, stories."""
