"""OwnPace: on a member's own page, how often we write to them of our own accord, in plain words.

The same that LESS, PAUSE and MORE say by reply, with the number chosen. Whoever holds a link that came in a letter may
choose less, and never more (see preferences). What a person answers is never counted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from engine.outbox.held import release_held
from engine.people.member_pace import USUAL, Wish, agree_pace, ask_pace, paces
from templates.web.reader import Reader

#: What the form calls it.
FIELD = "pace"
_AS_USUAL, _PAUSE = "usual", "pause"


@dataclass(frozen=True, slots=True)
class OwnPace:
    """What is chosen, and what can be: from the most to the least, each with its words."""

    chosen: str
    offered: tuple[tuple[str, str], ...]

    def wanted(self, form: Mapping[str, str]) -> str | None:
        """What the form asks for, where that is a change and can be chosen here."""
        value = form.get(FIELD, self.chosen)
        return value if value != self.chosen and value in dict(self.offered) else None


def own_pace(session: Session, member_id: int, per_week: int, here: Reader, *, asked_for: bool) -> OwnPace:
    """The member's pace, where everybody hears from us at most `per_week` times a week."""
    pace = paces(session, [member_id]).get(member_id, USUAL)
    words = {_AS_USUAL: here.say("preferences.pace_usual", count=per_week)}
    for count in range(per_week - 1, 0, -1):
        words[str(count)] = here.say("preferences.pace_one" if count == 1 else "preferences.pace_week", count=count)
    words[_PAUSE] = here.say("preferences.pace_pause")
    own = pace.of(per_week)
    chosen = _AS_USUAL if own >= per_week else str(own)
    if pace.paused_until is not None and pace.paused_until > here.now:
        chosen, words[_PAUSE] = _PAUSE, here.say("preferences.pace_paused", day=here.date(pace.paused_until))
    order = list(words)
    return OwnPace(
        chosen, tuple((each, words[each]) for each in (order if asked_for else order[order.index(chosen) :]))
    )


def keep_own_pace(session: Session, member_id: int, before: OwnPace, wanted: str, now: datetime) -> None:
    """We write to them as often as they chose; what only their pause held back is due again when it ended."""
    if wanted == _PAUSE:
        ask_pace(session, member_id, Wish.PAUSE, now)
        return
    agree_pace(session, member_id, None if wanted == _AS_USUAL else int(wanted), now, member_id)
    if before.chosen == _PAUSE:
        release_held(session, member_id, now)
