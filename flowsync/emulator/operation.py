"""An operation as every service's table has it: a name, what does it, and what a caller must be allowed."""

from collections.abc import Callable
from dataclasses import dataclass

from flowsync.emulator.service import Service
from flowsync.emulator.wire import Call, Reply

Run = Callable[[Service, Call], Reply]


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation's name, as counts and faults use it, what does it, and what a signature or a role must allow."""

    name: str
    run: Run
    needs: str
    kinds: str = "o"
