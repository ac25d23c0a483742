"""Who is reading a page: in what language, in what zone, at what moment."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from templates.vocabulary import base_language
from templates.web.sayings import on_a_clock
from templates.words import read_words

#: The words of our pages. A sentence that counts is two: `..._one` and `..._other`.
WORDS = read_words(Path(__file__).parent / "words")
LANGUAGES = WORDS.languages()

_SOON = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who reads a page, as far as words and times depend on it."""

    now: datetime
    zone: ZoneInfo
    language: str = "en"

    def say(self, key: str, **values: str | int) -> str:
        """The phrase of the catalogue in this reader's language. Raises KeyError for a key nobody wrote."""
        if "count" in values and f"{key}_one" in WORDS.sentences[base_language(self.language)]:
            key = f"{key}_one" if values["count"] == 1 else f"{key}_other"
        return WORDS.say(self.language, key, **values)

    def said(self, words: str) -> str:
        """A sentence that a row keeps, in this language and by this clock; without a pair, as it was kept."""
        return on_a_clock(words, self.language, self.moment)

    def said_of_step(self, words: str) -> str:
        """Words of ours about a step of a journey, `name: what it does`; a step's name stays as its author wrote it."""
        name, _, does = words.partition(": ")
        return f"{name}: {self.said(does)}" if does else self.said(words)

    def when(self, at: datetime) -> str:
        """How long ago, as people say it: "12 min", "3 h", "Tue", "Mar 4", "Mar 4, 2025"; ahead of now, its day."""
        gone = self.now - at
        if gone < timedelta():
            return self.moment(at)
        if gone < _SOON:
            return self.say("time.now")
        if gone < timedelta(hours=1):
            return self.say("time.minutes", count=int(gone / timedelta(minutes=1)))
        days = (self._local(self.now).date() - self._local(at).date()).days
        if days == 0 or gone < timedelta(hours=6):
            return self.say("time.hours", count=int(gone / timedelta(hours=1)))
        if days < 7:
            return self._word("time.weekdays", self._local(at).weekday())
        return self.day(at)

    def day(self, at: datetime) -> str:
        """The day alone: "today", "yesterday", "tomorrow", else its date; the year only when it is another."""
        local = self._local(at)
        today = self._local(self.now).date()
        near = {0: "time.today", -1: "time.yesterday", 1: "time.tomorrow"}.get((local.date() - today).days)
        if near:
            return self.say(near)
        return self.date(at)

    def weekday(self, at: datetime) -> str:
        """The day of the week alone, shortened."""
        return self._word("time.weekdays", self._local(at).weekday())

    def date(self, at: datetime) -> str:
        """The date alone, even today's; the year only when it is another."""
        local = self._local(at)
        month = self._word("time.months", local.month - 1)
        if local.year == self._local(self.now).year:
            return self.say("time.day", month=month, day=local.day)
        return self.say("time.day_year", month=month, day=local.day, year=local.year)

    def moment(self, at: datetime, zone: ZoneInfo | None = None) -> str:
        """Day and time, in the reader's zone or in another."""
        here = Reader(self.now, zone, self.language) if zone else self
        local = here._local(at)
        ahead = (local.date() - here._local(self.now).date()).days
        if 1 < abs(ahead) < 7:
            day = self._word("time.weekdays", local.weekday())
        else:
            day = here.day(at)
        return self.say("time.at", day=day, time=here.time(at))

    def soon(self, at: datetime) -> str:
        """A moment in the fewest words: today's by the hour, this week's by the weekday, else by its date."""
        away = (self._local(at).date() - self._local(self.now).date()).days
        if away == 0:
            return self.time(at)
        if 1 < abs(away) < 7:
            return self._word("time.weekdays", self._local(at).weekday())
        return self.day(at)

    def time(self, at: datetime, zone: ZoneInfo | None = None) -> str:
        """The time of day: "2:14 pm", "14:14"."""
        local = at.astimezone(zone or self.zone)
        if self.language == "es":
            return f"{local.hour}:{local.minute:02}"
        return f"{local.hour % 12 or 12}:{local.minute:02} {'am' if local.hour < 12 else 'pm'}"

    def hour(self, hour: int) -> str:
        """A full hour of the day, of 0 to 23, without its zone: "2 pm", "14:00"."""
        if self.language == "es":
            return f"{hour}:00"
        return f"{hour % 12 or 12} {'am' if hour < 12 else 'pm'}"

    def stamp(self, at: datetime) -> str:
        """The moment for machines, ISO 8601 in UTC."""
        return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")

    def theirs(self, at: datetime, name: str, zone: ZoneInfo) -> str:
        """The moment on the member's own clock, in words."""
        return self.say("time.where_they_are", time=self.moment(at, zone), name=name)

    def _local(self, at: datetime) -> datetime:
        return at.astimezone(self.zone)

    def _word(self, key: str, index: int) -> str:
        return self.say(key).split()[index]
