"""Gate facts: what the gate looks at for one message, and what it may say of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from engine.outbox.classes import MessageClass
from engine.people.member_pace import USUAL, Pace
from engine.people.preference import Standing
from journeys.quiet import QuietHours
from journeys.vocabulary import WhenFull


@dataclass(frozen=True, slots=True)
class Allow:
    """It may leave now."""


@dataclass(frozen=True, slots=True)
class WaitUntil:
    """It is judged again at `when`. `held`: sooner if the member's talk with a person ends sooner."""

    when: datetime
    reason: str
    held: bool = False


@dataclass(frozen=True, slots=True)
class Refuse:
    """It never leaves. `ask`: a person is asked to reach them another way."""

    reason: str
    ask: bool = False


Verdict = Allow | WaitUntil | Refuse


@dataclass(frozen=True, slots=True)
class Limits:
    """What an organization lets itself send to one member, and how old a held letter may grow."""

    letters_per_week: int = 3
    asks_per_month: int = 4
    stale_after: timedelta = timedelta(hours=24)
    #: Of one channel alone, within all of the above; absent: as many as all together.
    per_week_by: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter that counts against the caps: when it left, what it did (ask, give or listen), and of which delivery."""

    at: datetime
    speaks: str
    channel: str = "email"
    delivery_id: int = 0
    #: It is known to have left. What a crash or a silent server left open counts as had, and breaks no silence.
    left: bool = True


def with_those_leaving(letters: Sequence[Letter], leaving: Sequence[Letter]) -> tuple[Letter, ...]:
    """All of them once, oldest first: what was tried before, and leaves now, is said now and not when it was tried."""
    again = {each.delivery_id for each in leaving}
    return (*(each for each in letters if each.delivery_id not in again), *leaving)


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything the gate looks at for one message."""

    message_class: MessageClass
    channel: str
    #: The one address it would go to; None: none is known.
    address: str | None
    #: Of which chapter it speaks, for the scope of consent.
    chapter_id: int | None = None
    erased: bool = False
    #: Since when whoever is reached there is forgotten here; None: they are not.
    forgotten_since: datetime | None = None
    #: Why nothing goes to the address just now; empty: nothing is wrong with it.
    rests: str = ""
    rests_since: datetime | None = None
    #: Mail there was late: what can wait does, until then.
    backs_off_until: datetime | None = None
    #: Scope to its latest word, on this channel.
    standings: Mapping[str, Standing] = field(default_factory=dict)
    #: When the member last wrote in the conversation that this answers, or anywhere.
    last_words_at: datetime | None = None
    #: When they last wrote by text: only that tells that texts are welcome again.
    last_texts_at: datetime | None = None
    held_until: datetime | None = None
    #: The gate put it off before, because of a talk.
    was_held: bool = False
    #: When it was meant to leave at first.
    meant_for: datetime | None = None
    speaks: str = ""
    #: The member's letters of the last month, oldest first, without this one; of somebody who had none and is to be
    #: asked something, the last one there was.
    letters: tuple[Letter, ...] = ()
    #: For texts: when texting hours begin; None: they are now.
    window_opens_at: datetime | None = None
    #: There is no hour at which a text may arrive wherever they could live.
    has_no_hour: bool = False
    #: Since when this phone is stopped, whoever holds it.
    phone_stopped_at: datetime | None = None
    #: Since when the text could have left; None for mail, which may come late.
    could_leave_at: datetime | None = None
    #: The provider was asked to take it.
    was_tried: bool = False
    #: How often the member wants to hear from us.
    pace: Pace = USUAL
    #: Its journey is paused now; or it was, while this waited: for how long.
    journey_paused: bool = False
    was_paused_for: timedelta = timedelta()
    #: What its journey does with a message to somebody who had as many as we send.
    when_full: WhenFull = WhenFull.WAIT
    #: The journey's own quiet hours, where it has some for this channel.
    quiet: QuietHours | None = None
    #: Of neighbors' words: why their reader does not want them any more.
    unwanted: str = ""
    #: The chapter's letters to many rest because of complaints or of mail that came back: why, and until when it is
    #: looked at again.
    braked: str = ""
    braked_until: datetime | None = None

    def wrote_after(self, moment: datetime) -> bool:
        """Whether they wrote to us since, by whatever way."""
        return self.last_words_at is not None and self.last_words_at > moment

    def wrote_here_after(self, moment: datetime) -> bool:
        """Whether they wrote since by the way that the message takes."""
        heard = self.last_texts_at if self.channel == "sms" else self.last_words_at
        return heard is not None and heard > moment
