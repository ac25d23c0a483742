"""How words leave the building: email by SMTP, texts by the provider."""
