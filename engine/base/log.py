"""Structured logs in which no address, phone number, secret or word of a member's stands.

Whatever speaks in this process goes through here: our own events, the libraries' loggers, Python's warnings, and errors
that nobody caught.
"""

import io
import logging
import sys
import threading
from collections.abc import Iterable
from types import TracebackType
from typing import Any, TextIO, cast

import structlog

from engine.base.redaction import Redaction

#: Libraries say less, whatever our own level: below it some of them tell what they send and receive.
LIBRARIES = logging.WARNING


def set_up(*, level: str = "INFO", json: bool = False, secrets: Iterable[str] = ()) -> None:
    """This process logs to standard error, one event after the other, redacted, and without any of `secrets`."""
    before, after = _ours(level, json, secrets)
    handler = _Handler(_STANDARD_ERROR)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*before, _who],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *after],
        )
    )
    root = logging.getLogger()
    for old in list(root.handlers):
        if isinstance(old, _Handler):
            root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(LIBRARIES)
    logging.captureWarnings(True)
    if sys.excepthook is sys.__excepthook__ and threading.excepthook is threading.__excepthook__:
        # Unless somebody around us, say a test, looks after them already.
        sys.excepthook = _uncaught
        threading.excepthook = lambda ended: _uncaught(ended.exc_type, ended.exc_value, ended.exc_traceback)


def _ours(level: str, json: bool, secrets: Iterable[str]) -> tuple[list[Any], list[Any]]:
    """Our own events are written so from now on; what is done with each before and after it is put together."""
    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if json
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    before: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    after: list[Any] = [structlog.processors.format_exc_info, Redaction(secrets), renderer]
    structlog.configure(
        processors=[*before, *after],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(_STANDARD_ERROR),
    )
    return before, after


def logger(name: str) -> Any:
    """The logger of a module."""
    return structlog.get_logger(name)


class _StandardError(io.TextIOBase):
    """Standard error as it is when something is written: who replaces it meanwhile is heard."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


_STANDARD_ERROR = cast(TextIO, _StandardError())


class _Handler(logging.StreamHandler[Any]):
    """Writes what libraries say."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (the library's word)
        """What a library said cannot be put together; the library's own way would show it as it is."""
        logger(record.name).warning("something a library said could not be written", exc_info=True)


def _who(_logger: Any, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    record: logging.LogRecord | None = event.get("_record")
    if record is not None:
        event["library"] = record.name
    return event


def _uncaught(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error or kind(), trace)
        return
    log: Any = structlog.get_logger("python")
    log.error("an error that nobody caught", exc_info=(kind, error, trace))


# Before anybody set it up, and where nobody does (a command, a test): the library's own way would show local variables.
_ours("INFO", False, ())
