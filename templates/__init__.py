"""What things look like: letters, texts, pages, and the hope check."""
