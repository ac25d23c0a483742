"""Files of people: how they are read, who each row is, and what it adds to what we know."""
