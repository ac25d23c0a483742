"""What a journey is: its model and conditions; read from YAML, checked, described and stored. Pure."""
