"""What the main thread sleeps on: signals, and other threads that have something to say.

The kernel may hand a signal to any thread (it does when the main thread has another one pending, as after SIGCONT), and
then nothing wakes a main thread that waits for a lock; a handler that takes a lock may wait for the very code that it
interrupts. So signals arrive as bytes in a socket, written by the C handler in whatever thread it runs.
"""

import contextlib
import signal
import socket

_NAMES = ("SIGTERM", "SIGINT", "SIGHUP")


class Bell:
    """Rings for SIGTERM, SIGINT and SIGHUP, and when it is rung. To be made in the main thread."""

    def __init__(self) -> None:
        self._hear, self._ring = socket.socketpair()
        self._ring.setblocking(False)
        self._numbers = {int(getattr(signal, name)): name for name in _NAMES if hasattr(signal, name)}
        self._before = {number: signal.signal(number, lambda number, frame: None) for number in self._numbers}
        self._fd = signal.set_wakeup_fd(self._ring.fileno(), warn_on_full_buffer=False)

    def ring(self) -> None:
        """Rings, from any thread."""
        with contextlib.suppress(BlockingIOError, OSError):  # a full buffer rings anyway; a closed bell has rung
            self._ring.send(b"\0")

    def wait(self) -> str:
        """Waits for the next ring and returns the signal's name, or "asked to" if it was no signal."""
        while True:
            number = self._hear.recv(1)[0]
            if number == 0 or number in self._numbers:
                return self._numbers.get(number, "asked to")

    def close(self) -> None:
        """Gives the signals back."""
        signal.set_wakeup_fd(self._fd)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._hear.close()
        self._ring.close()
