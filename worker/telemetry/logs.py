"""The log: one line per record, JSON for machines or plain text for people."""

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from typing_extensions import override

from worker.settings import LogFormat

_request_id: ContextVar[str | None] = ContextVar("request_id", default=None)


@contextmanager
def named_request(request_id: str) -> Iterator[None]:
    """Attach the request id to the records of this context, and of threads that run in a copy of it."""
    token = _request_id.set(request_id)
    try:
        yield
    finally:
        _request_id.reset(token)


def set_up_logging(level: str, log_format: LogFormat = "auto") -> None:
    """Write all loggers' records to standard error.

    Replaces the existing handlers: RunPod's SDK adds one at import, and each record would be written twice.
    ``auto`` is text on a terminal and JSON anywhere else.
    """
    if log_format == "auto":
        log_format = "text" if sys.stderr.isatty() else "json"
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if log_format == "json" else TextFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(capture=True)


def fields(**values: object) -> dict[str, dict[str, object]]:
    """Return the ``extra`` of a log call: named values of its record, without those that are None."""
    return {"fields": {name: value for name, value in values.items() if value is not None}}


class JsonFormatter(logging.Formatter):
    """``{"time": ..., "level": ..., "logger": ..., "message": ..., "request_id": ..., fields}``."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        line = _described(record) | _fields_of(record)
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


class TextFormatter(logging.Formatter):
    """``time level logger: message name=value``; a traceback follows on separate lines."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        facts = _described(record)
        named = {"request_id": facts.pop("request_id")} if "request_id" in facts else {}
        pairs = "".join(f" {name}={_shown(value)}" for name, value in (named | _fields_of(record)).items())
        line = f"{facts['time']} {facts['level']} {facts['logger']}: {facts['message']}{pairs}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def _described(record: logging.LogRecord) -> dict[str, Any]:
    time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    facts = {
        "time": time.replace("+00:00", "Z"),
        "level": record.levelname,
        "logger": record.name,
        "message": record.getMessage(),
    }
    request_id = _request_id.get()
    return facts if request_id is None else facts | {"request_id": request_id}


def _fields_of(record: logging.LogRecord) -> dict[str, Any]:
    found: dict[str, Any] = getattr(record, "fields", {})
    return found


def _shown(value: object) -> str:
    """Return a value unchanged if it is one word, otherwise quoted."""
    text = str(value)
    return text if text.isprintable() and not set(text) & set(' "=') and text else json.dumps(text)
