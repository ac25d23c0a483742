"""The door of texts: what the provider tells us by signed webhooks, and a look at its list for what did not arrive."""
