"""How much an archive may ask for, and how a person allows more."""

import dataclasses
import re
from collections.abc import Iterable
from dataclasses import dataclass

from flowsync.errors import UsageError

_MIB = 1024 * 1024
_UNITS = {"": 1, "k": 1024, "m": _MIB, "g": 1024 * _MIB, "t": 1024 * 1024 * _MIB}
_AMOUNT = re.compile(r"([0-9]+) ?([kmgt]?)(?:i?b)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes, but for ``entries`` and ``depth`` (folders); ``ratio`` counts once more than ``ratio_from`` come out."""

    archive: int = 100 * _MIB
    total: int = 500 * _MIB
    file: int = 100 * _MIB
    entries: int = 10_000
    depth: int = 32
    path: int = 240
    component: int = 255
    ratio: int = 200
    ratio_from: int = _MIB

    def having(self, settings: Iterable[str]) -> "Limits":
        """Returns these limits with some of them set, each as ``name=amount`` such as ``total=4GiB``."""
        changed = dict(_setting(text) for text in settings)
        return dataclasses.replace(self, **changed)


_NAMES = tuple(field.name for field in dataclasses.fields(Limits))


def _setting(text: str) -> tuple[str, int]:
    name, _, amount = text.partition("=")
    found = _AMOUNT.fullmatch(amount.strip())
    if name not in _NAMES or not found:
        known = ", ".join(_NAMES)
        raise UsageError(f"{text!r} is no limit: it is NAME=AMOUNT, and the names are {known}", "--limit total=4GiB")
    return name, int(found[1]) * _UNITS[found[2].lower()]


def human(size: int) -> str:
    """Returns a size as people read it."""
    for unit, factor in (("GiB", 1024 * _MIB), ("MiB", _MIB), ("KiB", 1024)):
        if size >= factor:
            return f"{size / factor:.1f}".removesuffix(".0") + f" {unit}"
    return f"{size} bytes"
