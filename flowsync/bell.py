"""What the main thread of a server sleeps on: signals, and other threads that have something to say.

The kernel may hand a signal to any thread (it does when the main thread has another one pending, as after SIGCONT), and
then nothing wakes a main thread that waits for a lock; and a handler that takes a lock may wait for the very code that
it interrupts. So signals arrive as bytes in a socket, written by the interpreter's C handler in whatever thread it is.
"""

import contextlib
import signal
import socket

from flowsync.closing import Closing

_RUNG = 0  # no signal has this number


class Bell(Closing):
    """Rings for the named signals, and when it is rung. To be made in the main thread, and ended there."""

    def __init__(self, *names: str) -> None:
        """``names`` are signals' names, such as ``SIGTERM``; those that this system lacks never ring."""
        self._hear, self._ring = socket.socketpair()
        self._ring.setblocking(False)
        self._names = {int(getattr(signal, name)): name for name in names if hasattr(signal, name)}
        self._before = {number: signal.signal(number, lambda number, frame: None) for number in self._names}
        self._fd = signal.set_wakeup_fd(self._ring.fileno(), warn_on_full_buffer=False)

    def ring(self) -> None:
        """Rings, from any thread; never waits."""
        with contextlib.suppress(OSError):  # a full buffer rings anyway, and a closed bell has nobody to wake
            self._ring.send(bytes([_RUNG]))

    def wait(self) -> str:
        """Waits for the next ring and returns the signal's name, or nothing if it was rung."""
        while True:
            number = self._hear.recv(1)[0]
            if number == _RUNG or number in self._names:
                return self._names.get(number, "")

    def close(self) -> None:
        """Gives the signals back."""
        signal.set_wakeup_fd(self._fd)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._hear.close()
        self._ring.close()
