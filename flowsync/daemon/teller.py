"""Tells notices: on the desktop, to a person's own command, to a webhook. In its own thread; failures are logged."""

import json
import logging
import os
import queue
import shutil
import subprocess
import sys
import threading
import time
import urllib.request
from typing import Any

from flowsync.daemon.logs import redact
from flowsync.daemon.notices import Limit, Notice, notices
from flowsync.daemon.settings import DaemonSettings

_log = logging.getLogger("flowsync.daemon")
_PATIENCE = 10  # seconds


class Teller:
    """Listens to the board and tells what is worth it."""

    def __init__(self, settings: DaemonSettings) -> None:
        self._settings = settings
        self._limit = Limit(time.monotonic)
        self._queue: queue.Queue[Notice | None] = queue.Queue(100)
        self._thread = threading.Thread(target=self._run, name="flowsync-notices", daemon=True)
        self._thread.start()

    def listen(self, event: dict[str, Any]) -> None:
        """Takes in an event of the board."""
        for notice in notices(event):
            if self._limit.allows(notice) and not self._queue.full():
                self._queue.put_nowait(notice)

    def close(self) -> None:
        """Ends the thread; what it is telling right now is let go."""
        if not self._queue.full():
            self._queue.put_nowait(None)

    def _run(self) -> None:
        while (notice := self._queue.get()) is not None:
            for tell in (self._desktop, self._command, self._webhook):
                try:
                    tell(notice)
                except (OSError, subprocess.SubprocessError, ValueError) as error:
                    _log.warning("a notice could not be told: %s", redact(str(error)))

    def _desktop(self, notice: Notice) -> None:
        command = desktop_command(sys.platform, notice) if self._settings.notify == "desktop" else None
        if command and shutil.which(command[0]):
            if sys.platform == "linux" and not (
                os.environ.get("DBUS_SESSION_BUS_ADDRESS") or os.environ.get("DISPLAY")
            ):
                return  # nobody sits there
            subprocess.run(command, capture_output=True, timeout=_PATIENCE, check=False)

    def _command(self, notice: Notice) -> None:
        if self._settings.notify_command:
            told = {"FLOWSYNC_ABOUT": notice.about, "FLOWSYNC_FLOW": notice.flow, "FLOWSYNC_TEXT": notice.text}
            subprocess.run(
                self._settings.notify_command,
                shell=True,  # the person's own words, from their own git configuration
                env={**os.environ, **told},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_PATIENCE,
                check=False,
            )

    def _webhook(self, notice: Notice) -> None:
        if self._settings.webhook:
            body = json.dumps({"about": notice.about, "flow": notice.flow, "text": notice.text}).encode()
            request = urllib.request.Request(self._settings.webhook, body, {"Content-Type": "application/json"})
            with urllib.request.urlopen(request, timeout=_PATIENCE):
                pass


def desktop_command(platform: str, notice: Notice) -> list[str] | None:
    """Returns the command that shows a notice on this kind of desktop. Text is an argument, never code."""
    if platform == "linux":
        return ["notify-send", "--app-name=flowsync", "--", f"flowsync: {notice.about}", notice.text]
    if platform == "darwin":
        script = "on run {title, words}\ndisplay notification words with title title\nend run"
        return ["osascript", "-e", script, f"flowsync: {notice.about}", notice.text]
    if platform == "win32":
        return ["msg.exe", "*", "/TIME:30", f"flowsync: {notice.text}"]
    return None
