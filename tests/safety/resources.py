"""What a process holds, as Linux tells it."""

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Resources:
    """Of one process, at one moment; memory in MiB."""

    process: int
    memory: float
    files: int
    threads: int
    children: int

    @classmethod
    def of(cls, process: int) -> "Resources":
        place = Path(f"/proc/{process}")
        pages = int((place / "statm").read_text().split()[1])
        children = threads = 0
        for task in (place / "task").iterdir():
            with contextlib.suppress(FileNotFoundError):  # the thread has ended
                children += len((task / "children").read_text().split())
                threads += 1
        memory = pages * os.sysconf("SC_PAGE_SIZE") / 2**20
        return cls(process, memory, len(os.listdir(place / "fd")), threads, children)

    def __str__(self) -> str:
        return f"{self.memory:.0f} MiB, {self.files} files, {self.threads} threads, {self.children} children"
