"""Where events are written down: one JSON object a line, with everything that looks like a secret taken out.

A line that is written while a request is answered says by `trace_id` which it was, in the log of every service.
"""

from __future__ import annotations

import logging
import re
import sys
from datetime import UTC, datetime
from functools import lru_cache
from logging.handlers import RotatingFileHandler
from pathlib import Path

from web import json_text, trace

FILE_BYTES = 5_000_000
FILES = 3

# Libraries that say too much: the URLs that httpx tells at INFO have queries, Authlib tells tokens at DEBUG.
QUIET = ("authlib", "httpx", "httpx2", "httpcore", "httpcore2", "uvicorn.error", "asyncio")

_JWT = re.compile(r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")
_BETWEEN = r"(\\?[\"']?\s*[=:]\s*\\?[\"']?(?:Bearer |Basic |DPoP )?)"
# A set of first letters is looked for several times as fast as the words themselves.
_PASSWORD = re.compile(
    rf"([pPcCaA](?i:(?<=p)assword|(?<=c)srf|(?<=a)uthorization|(?<=c)ookie)){_BETWEEN}[^\s&\"'\\,;}}]+"
)
# Long, and with a digit or a capital in it: `code: invalid_redirect_uri` has to stay readable.
_FIELD = re.compile(
    r"([cCsSnNtTiI](?i:(?<=\bc)ode(?:_verifier)?|(?<=\bs)tate|(?<=\bn)once|(?<=t)oken|(?<=\bi)d_token_hint"
    rf"|(?<=\bc)lient_assertion|(?<=s)ecret)){_BETWEEN}(?=[a-z_-]*[A-Z0-9])[A-Za-z0-9_%+/=-]{{16,}}"
)
_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


def redact(text: str) -> str:
    """Return `text` without tokens and values of secret fields: a second net, since callers log none to begin with."""
    without_tokens = _JWT.sub("[token]", text) if "eyJ" in text else text
    return _FIELD.sub(r"\1\2[redacted]", _PASSWORD.sub(r"\1\2[redacted]", without_tokens))


class JsonLines(logging.Formatter):
    """One record as one line: time (UTC), level, logger, message, trace, `extra` fields, and the traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of `record`."""
        line: dict[str, object] = {
            "time": f"{_second(int(record.created))}.{int(record.created % 1 * 1000):03}+00:00",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redact(record.getMessage()),
        }
        trace_id = trace.current()
        if trace_id is not None:
            line["trace_id"] = trace_id
        for name, value in record.__dict__.items():
            if name not in _STANDARD:
                line[name] = value if isinstance(value, int | float | bool) else redact(str(value))
        if record.exc_info:
            line["error"] = redact(self.formatException(record.exc_info))
        return json_text.encode(line).decode("utf-8")


@lru_cache(maxsize=1)
def _second(whole: int) -> str:
    return datetime.fromtimestamp(whole, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def to_stderr(level: int = logging.INFO) -> None:
    """Write events to standard error, as a service does that runs alone."""
    _install(logging.StreamHandler(sys.stderr), level)


def to_file(path: Path, level: int = logging.INFO) -> None:
    """Write events to `path` (mode 0600), which is renewed at FILE_BYTES and kept FILES times."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    _install(RotatingFileHandler(path, maxBytes=FILE_BYTES, backupCount=FILES, encoding="utf-8"), level)


def _install(handler: logging.Handler, level: int) -> None:
    handler.setFormatter(JsonLines())
    # From where in the code and from which process a line comes is found out for each, and written in none.
    logging._srcfile = None
    logging.logProcesses = logging.logMultiprocessing = False
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
