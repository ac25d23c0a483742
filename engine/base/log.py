"""Structured logs in which no address, phone number or secret stands."""

import logging
import re
import sys
from typing import Any

import structlog

_ADDRESS = re.compile(r"([\w.+-]{1,64})@([\w-]{1,63}(?:\.[\w-]{1,63}){1,8})")
_PHONE = re.compile(r"\+\d{7,15}\b")


def redact(text: str) -> str:
    """`text` with mail addresses and phone numbers made unreadable, but still tellable apart in kind."""
    return _PHONE.sub("+…", _ADDRESS.sub(lambda m: f"{m[1][:1]}…@{m[2]}", text))


def _redact_event(_logger: Any, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    return {key: redact(value) if isinstance(value, str) else value for key, value in event.items()}


def set_up(*, level: str = "INFO", json: bool = False) -> None:
    """This process logs to standard error, one event a line, redacted."""
    renderer: Any = (
        structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _redact_event,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")


def logger(name: str) -> Any:
    """The logger of a module."""
    return structlog.get_logger(name)
