"""A signal is heard whichever thread the kernel gives it to, and whatever came just before it."""

import signal
import subprocess
import sys
import threading

import pytest

from flowsync.bell import Bell

ROUNDS = 300
LISTENER = """
import sys, threading
from flowsync.bell import Bell

def work(lock):
    while lock.acquire(timeout=0.001) or True:
        pass

for _ in range(8):
    threading.Thread(target=work, args=(threading.Lock(),), daemon=True).start()
with Bell("SIGHUP", "SIGTERM") as bell:
    print("ready", flush=True)
    while sys.stdin.readline():
        while (heard := bell.wait()) == "SIGHUP":
            pass
        print(heard, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGHUP")
def test_a_stop_right_after_a_wake_up_is_heard() -> None:
    command = [sys.executable, "-c", LISTENER]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        for _ in range(ROUNDS):
            process.stdin.write("\n")
            process.stdin.flush()
            for number in (signal.SIGCONT, signal.SIGHUP, signal.SIGTERM):
                process.send_signal(number)
            assert process.stdout.readline() == "SIGTERM\n"
        process.stdin.close()
        assert process.wait(30) == 0


def test_another_thread_rings() -> None:
    with Bell("SIGTERM") as bell:
        threading.Thread(target=bell.ring).start()
        assert bell.wait() == ""


def test_a_closed_bell_gives_the_signals_back_and_may_be_rung() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with Bell("SIGTERM") as bell:
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before
    bell.ring()
    assert signal.set_wakeup_fd(-1) == -1


def test_a_full_bell_does_not_hold_who_rings() -> None:
    with Bell("SIGTERM") as bell:
        for _ in range(100_000):
            bell.ring()
        assert bell.wait() == ""
