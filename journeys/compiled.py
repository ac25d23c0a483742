"""The stored form of a journey: plain JSON, steps by index, lengths of time in seconds, with a format number.

A published version is stored in this form and never changed. When a field changes its meaning, FORMAT goes
up and a reader for the older form is kept here; a new field with a default needs neither.
"""

from __future__ import annotations

import hashlib
import json

from journeys.model import JOURNEY, Journey
from journeys.shapes import Json

FORMAT = 1


class UnknownFormat(ValueError):
    """The stored journey was written by a version of this program that we do not know."""


def compiled(journey: Journey) -> dict[str, Json]:
    """The journey as plain JSON, the same for the same journey."""
    return {"format": FORMAT, **JOURNEY.pack(journey)}


def journey_of(stored: dict[str, Json]) -> Journey:
    """The journey that was stored. Raises UnknownFormat when it is in no form known here."""
    if stored.get("format") != FORMAT:
        raise UnknownFormat(
            f"This journey is stored in format {stored.get('format')}; this program reads format {FORMAT}. "
            "It stays as it is; run the newer program that published it."
        )
    return JOURNEY.unpack(stored)


def fingerprint(journey: Journey) -> str:
    """A text that is equal for equal journeys: publishing the same words twice makes no new version."""
    canonical = json.dumps(compiled(journey), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
