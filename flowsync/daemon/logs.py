"""Two logs, one for people and one for programs (JSON lines), that rotate and hold no secret."""

import json
import logging
import re
import sys
from collections.abc import Callable
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

_SIZE, _KEPT = 1_000_000, 3  # bytes per file, old files
_NAME = "flowsync.daemon"
# what would open something: SAS signatures, account keys, bearer tokens, and credentials in a URL
_SECRETS = (
    (re.compile(r"(?i)\b(sig|sv|se|skoid)=[^&\s\"']+"), r"\1=***"),
    (re.compile(r"(?i)\b(accountkey|sharedaccesssignature|password|secret|token)(\s*[=:]\s*)[^;\s\"']+"), r"\1\2***"),
    (re.compile(r"(?i)\b(bearer|sharedkey)\s+[A-Za-z0-9+/=._:~-]+"), r"\1 ***"),
    (re.compile(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{86}=="), "***"),
    (re.compile(r"://[^/\s@]+@"), "://***@"),
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def redact(text: str) -> str:
    """Returns text without secrets, and without what a terminal would obey."""
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return _CONTROL.sub(lambda found: found.group().encode("unicode_escape").decode("ascii"), text)


class _People(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


class _Programs(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        said = {
            "at": round(record.created, 3),
            "level": record.levelname.lower(),
            "flow": getattr(record, "flow", ""),
            "text": redact(record.getMessage()),
        }
        if record.exc_info:
            said["trace"] = redact(self.formatException(record.exc_info))
        return json.dumps(said)


class _Patient(RotatingFileHandler):
    """A full disk must not end what is logged about: the line is lost, and counted."""

    lost = 0

    def handleError(self, record: logging.LogRecord) -> None:
        _Patient.lost += 1


class _Listener(logging.Handler):
    """Tells each line as it is logged."""

    def __init__(self, tell: Callable[..., None]) -> None:
        super().__init__()
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        about = {"level": record.levelname.lower(), "flow": getattr(record, "flow", "")}
        self._tell("log", **about, text=redact(record.getMessage()))


def listen(tell: Callable[..., None]) -> Callable[[], None]:
    """Has each line told, as an event of kind ``log``; returns what ends that."""
    listener = _Listener(tell)
    logging.getLogger(_NAME).addHandler(listener)
    return lambda: logging.getLogger(_NAME).removeHandler(listener)


def earlier(log: Path, most: int) -> list[dict[str, Any]]:
    """Returns the last lines that were logged before this daemon, as the log for programs holds them."""
    try:
        lines = log.with_suffix(".jsonl").read_text(encoding="utf-8", errors="replace").splitlines()[-most:]
    except OSError:  # there is none
        return []
    return [said for line in lines if (said := _said(line))]


def _said(line: str) -> dict[str, Any] | None:
    try:
        said = json.loads(line)
        return {"at": said["at"], "level": said["level"], "flow": said.get("flow", ""), "text": said["text"]}
    except (ValueError, KeyError, TypeError, AttributeError):  # torn by a full disk or a power cut
        return None


def open_logs(log: Path, terminal: bool) -> None:
    """Sends what the daemon says to both files, and to standard error too if it runs on a terminal."""
    logger = logging.getLogger(_NAME)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    close_logs()
    people = _People("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%d %H:%M:%S")
    for file, formatter in ((log, people), (log.with_suffix(".jsonl"), _Programs())):
        handler = _Patient(
            file, maxBytes=_SIZE, backupCount=_KEPT, encoding="utf-8", errors="backslashreplace", delay=True
        )
        handler.setFormatter(formatter)
        logger.addHandler(handler)
    if terminal:
        shown = logging.StreamHandler(sys.stderr)
        shown.setFormatter(_People("%(asctime)s %(message)s", "%H:%M:%S"))
        logger.addHandler(shown)


def close_logs() -> None:
    """Closes what ``open_logs`` opened."""
    logger = logging.getLogger(_NAME)
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
        handler.close()


def lost() -> int:
    """Returns how many lines could not be written."""
    return _Patient.lost
