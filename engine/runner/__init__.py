"""Leads people along journeys: claims what is due, decides, applies it once."""
