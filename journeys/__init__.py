"""What a journey is: model, conditions, reading, checking, and the library."""
