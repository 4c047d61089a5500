"""Bytes as parts of a reporter's step, for work whose files are of any size."""

from flowsync.sync.link import Reporter

_UNITS = ((64 * 1024 * 1024, 1024 * 1024, "MiB"), (0, 1024, "KiB"))


class Meter:
    """Tells a reporter how much of ``total`` bytes is done. Use it as a context manager; call it with what was done."""

    def __init__(self, reporter: Reporter, what: str, total: int) -> None:
        self._reporter = reporter
        self._unit, name = next((unit, name) for least, unit, name in _UNITS if total >= least)
        self._what, self._parts = f"{what} ({name})", -(-total // self._unit)
        self._done = 0

    def __call__(self, count: int) -> None:
        before = self._done // self._unit
        self._done += count
        if parts := self._done // self._unit - before:
            self._reporter.advance(parts)

    def __enter__(self) -> "Meter":
        self._reporter.begin(self._what, self._parts)
        return self

    def __exit__(self, *_: object) -> None:
        self._reporter.end()
