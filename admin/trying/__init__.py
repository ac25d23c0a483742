"""Trying journeys out before anybody gets them: a database of their own, the reply router's ear, and several cores."""
