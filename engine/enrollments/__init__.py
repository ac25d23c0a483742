"""Members on journeys: what the runner works on."""
