"""A reader of the share who looks all the time, and remembers all that it ever showed."""

import hashlib
import threading
from contextlib import suppress
from pathlib import Path


class Witness:
    """Reads the share all the time, and remembers all that it ever showed."""

    def __init__(self, share: Path) -> None:
        self.shown: dict[str, tuple[str, bytes]] = {}
        self._share, self._known = share, dict[str, tuple[int, ...]]()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(0.002):
            for file in self._share.glob("[!.]*/**/*"):
                with suppress(OSError):
                    self._look(file)

    def _look(self, file: Path) -> None:
        stat = file.stat()
        stamp = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
        if file.is_file() and self._known.get(str(file)) != stamp:
            content = file.read_bytes()
            self.shown[blob(content)] = str(file), content
            self._known[str(file)] = stamp


def blob(content: bytes) -> str:
    """The name that git gives a content."""
    return hashlib.sha1(b"blob %d\0%b" % (len(content), content)).hexdigest()
