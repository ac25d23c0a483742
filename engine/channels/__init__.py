"""How messages leave the machine: mail to a relay, and (later) texts to a provider."""
