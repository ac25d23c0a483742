"""Leads members along journeys: triggers, decide (pure), apply, scheduler."""
