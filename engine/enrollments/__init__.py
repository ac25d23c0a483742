"""Who is on which journey, where, and what woke it: what the runner works on."""
