"""Every error Hearthline raises on purpose. One root, one sentence each.

Expected refusals (a gate that says no, a draft that is not clean) are return values with a reason, not errors.
"""


class HearthlineError(Exception):
    """The root of all our errors; its text is a plain sentence fit for the person who caused it."""


class SettingsError(HearthlineError):
    """The settings do not allow a start; the text says what to write where."""


class AlreadyRunning(HearthlineError):
    """Another process holds this data folder."""


class NotFound(HearthlineError):
    """There is no such row, or the asking person may not see it; both are answered alike."""


class Invalid(HearthlineError):
    """What was given cannot be used; the text says what would be accepted."""


class Unavailable(HearthlineError):
    """Our own trouble (database, disk): temporary to everybody outside."""


class Astray(HearthlineError):
    """A step of a journey cannot be taken by this person; the text says why, and whoever looks reads it."""


class BadToken(HearthlineError):
    """A signed token does not verify."""


class ProviderAway(HearthlineError):
    """The provider of texts could not be asked just now; it is tried again later."""


class Unread(HearthlineError):
    """A mail could not be read within its budget of time and memory; the text says what it ran out of."""
