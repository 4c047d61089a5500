"""One thing that ``flowsync doctor`` looked at."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at, what was found, and the fix if that is bad."""

    name: str
    verdict: Literal["ok", "note", "bad"]
    said: str
    fix: str = ""
