"""The published JSON Schema of journey files, made from the tables that the reader reads by."""

from __future__ import annotations

from journeys.conditions import CONDITIONS
from journeys.model import JOURNEY
from journeys.shapes import Json
from journeys.steps import STEP


def schema() -> dict[str, Json]:
    """The JSON Schema (draft 2020-12).

    That ids exist and are unique, that no key is doubled and no alias used, the reader alone can see.
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Hearthline journey",
        **JOURNEY.schema(),
        "$defs": {"step": STEP.schema(), "condition": CONDITIONS.schema()},
    }
