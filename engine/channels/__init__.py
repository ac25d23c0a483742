"""How a delivery leaves: email now, texts next."""
