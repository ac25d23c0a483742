"""The mail providers' webhooks: what became of our mail, and mail that they took in for us. One file a provider."""
