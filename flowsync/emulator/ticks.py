"""Time as the service keeps it: .NET ticks, 100 ns each since the year 1. An ETag is a ChangeTime in ticks.

What belongs here: conversions, and the clock that never gives the same tick twice.
"""

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from functools import lru_cache

PER_SECOND = 10_000_000
UNIX_EPOCH = 621_355_968_000_000_000
_YEAR_ONE = datetime(1, 1, 1, tzinfo=UTC)


class Clock:
    """Gives strictly increasing ticks, so that two changes never share an ETag. ``skew`` is in seconds."""

    def __init__(self) -> None:
        self.skew = 0.0
        self._last = 0

    def now(self) -> int:
        """Returns the present in ticks; may repeat."""
        return UNIX_EPOCH + time.time_ns() // 100 + int(self.skew * PER_SECOND)

    def next(self) -> int:
        """Returns a tick that was never given before."""
        self._last = max(self.now(), self._last + 1)
        return self._last


def from_ns(nanoseconds: int) -> int:
    """Converts nanoseconds since 1970, as a file's mtime has them."""
    return UNIX_EPOCH + nanoseconds // 100


def to_ns(ticks: int) -> int:
    """Converts to nanoseconds since 1970."""
    return (ticks - UNIX_EPOCH) * 100


def iso(ticks: int) -> str:
    """Formats as ``2026-11-22T08:20:14.5694530Z``."""
    second, fraction = divmod(ticks, PER_SECOND)
    return f"{_iso_second(second)}.{fraction:07d}Z"


@lru_cache(4096)
def _iso_second(second: int) -> str:
    return (_YEAR_ONE + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%S").zfill(19)


def http_date(ticks: int) -> str:
    """Formats as ``Wed, 28 Sep 2022 21:24:10 GMT``, cut to seconds."""
    return _http_second(ticks // PER_SECOND)


@lru_cache(4096)
def _http_second(second: int) -> str:
    return format_datetime(_YEAR_ONE + timedelta(seconds=second), usegmt=True)


def etag(ticks: int) -> str:
    """Formats an ETag, with its quotes."""
    return f'"0x{ticks:X}"'


def parse_iso(text: str) -> int:
    """Parses an ISO time with up to seven digits of fraction. Raises ValueError."""
    head, dot, tail = text.strip().partition(".")
    digits = tail.rstrip("Zz").partition("+")[0]
    whole = datetime.fromisoformat(head.rstrip("Zz"))
    if dot and not (digits.isdigit() and digits.isascii()):
        raise ValueError(text)
    fraction = int(digits[:7].ljust(7, "0")) if dot else 0
    since = whole.replace(tzinfo=UTC) - _YEAR_ONE
    return (since.days * 86400 + since.seconds) * PER_SECOND + fraction


@lru_cache(1024)
def parse_http_date(text: str) -> int:
    """Parses an HTTP date. Raises ValueError."""
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, IndexError) as error:
        raise ValueError(text) from error
    return UNIX_EPOCH + int(moment.timestamp()) * PER_SECOND
