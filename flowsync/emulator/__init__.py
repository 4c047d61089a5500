"""Azure Files on loopback: the REST data plane over a folder of real files, for tests, demos and other people's CI.

Reading order: ``emulator`` (what a test holds), ``server`` (the order of things), ``route`` (the table of operations),
``operations/`` (one file per kind), ``store/`` (files and catalogue); then ``workspace/`` and ``blobs/``. It shares no
code with the rest of flowsync, so that it cannot share a mistake with what it tests.
"""

from flowsync.emulator.emulator import WELL_KNOWN_ACCOUNT, WELL_KNOWN_KEY, Emulator
from flowsync.emulator.faults import Fault, Faults
from flowsync.emulator.people import User, write_az
from flowsync.emulator.witness import Event
from flowsync.emulator.workspace.state import TENANT, Workspace

__all__ = [
    "TENANT",
    "WELL_KNOWN_ACCOUNT",
    "WELL_KNOWN_KEY",
    "Emulator",
    "Event",
    "Fault",
    "Faults",
    "User",
    "Workspace",
    "write_az",
]
