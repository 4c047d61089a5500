"""The road to the daemon: one thread that listens and reconnects, and one for each question under way.

Nothing here touches a widget. What is heard are events (``view.store``), which these threads put into a queue; who
listens takes them from there, in its own thread. It imports little, so that it can connect while the app is imported.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from flowsync import __version__
from flowsync.daemon.client import Client, connect_to
from flowsync.daemon.place import Place, find
from flowsync.errors import DaemonError, FlowsyncError
from flowsync_tui.view.state import Entry, Event, Phase

if TYPE_CHECKING:
    pass

T = TypeVar("T")
_PAUSES = (0.2, 0.5, 1.0, 2.0)  # seconds between attempts to connect; the last goes on
_LINK = ".flowsync.yaml"
RESTART = "flowsync daemon restart"
AT_ONCE = frozenset({"status", "phase", "begun", "ended", "entry", "read_only", "paused", "modes"})
# what the UI follows; the log has a subscription of its own, while its screen is open
_KINDS = ["health", "flows", "result", "live", "notice", "progress", "log"]


class Bridge:
    """Listens for one repository, and asks its daemon. ``heard`` is what nobody has taken yet."""

    def __init__(self, start: Path, clock: Callable[[], float] = time.time) -> None:
        self._start, self._clock = start, clock
        self.heard: deque[Event] = deque()
        self.urgent = False  # whether somebody waits for what was heard
        self._wake: Callable[[], None] = lambda: None
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()
        self._again = threading.Event()
        self._listener: Client | None = None
        self._commands: dict[int, Client] = {}
        self._number = 0
        self._phase: tuple[Phase, str] | None = None

    @property
    def place(self) -> Place | None:
        """Returns the repository, or None outside of one."""
        return find(self._start)

    @property
    def root(self) -> Path:
        """Returns the folder that commands run in."""
        place = self.place
        return place.root if place else self._start

    def start(self) -> None:
        """Begins to listen, unless it does already."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="flowsync-tui-bridge", daemon=True)
            self._thread.start()

    def attach(self, wake: Callable[[], None]) -> None:
        """Calls back, from any thread, whenever something was heard; at once if something was already."""
        self._wake = wake
        if self.heard:
            wake()

    def put(self, event: Event) -> None:
        """Puts an event into the queue, from any thread."""
        self.heard.append(event)
        self.urgent |= event["kind"] in AT_ONCE
        self._wake()

    def close(self) -> None:
        """Stops listening. Commands under way go on in the daemon."""
        self._closed.set()
        self._again.set()
        self._hang_up()

    def move(self, start: Path) -> None:
        """Listens for another repository from now on."""
        self._start = start
        self.hurry()
        self._hang_up()

    def hurry(self) -> None:
        """Tries again at once, without waiting out the pause."""
        self._again.set()

    def _hang_up(self) -> None:
        listener = self._listener
        if listener is not None:
            listener.hang_up()

    # listening

    def _run(self) -> None:
        attempt = 0
        while not self._closed.is_set():
            self._again.clear()
            heard = self._listen()
            attempt = 0 if heard else attempt + 1
            self._again.wait(_PAUSES[min(attempt, len(_PAUSES) - 1)])

    def _listen(self) -> bool:
        """Connects and listens until the connection ends; False if there was none."""
        place = self.place
        if place is None or not (place.root / _LINK).exists():
            self._say(Phase.OUTSIDE if place is None else Phase.UNLINKED)
            return False
        try:
            client = connect_to(place, "flowsync tui")
        except DaemonError as error:
            self._say(Phase.REFUSED, error.message, error.hint)
            return False
        if client is None:
            self._say(Phase.LOST if self._phase and self._phase[0] in (Phase.LIVE, Phase.LOST) else Phase.ABSENT)
            return False
        self._listener = client
        try:
            with client:
                self._follow(client)
            self._say(Phase.LOST, "the daemon ended")
        except (FlowsyncError, OSError, ValueError) as error:
            self._say(Phase.LOST, str(error))
        finally:
            self._listener = None
        return True

    def _follow(self, client: Client) -> None:
        """Asks where everything stands, and tells what happens from then on."""
        self.put({"kind": "hello", "hello": client.hello})
        if (other := client.hello.get("flowsync")) != __version__:
            text = f"the daemon is flowsync {other}, this is {__version__}"
            self.put({"kind": "entry", "entry": Entry(self._clock(), "note", "", text, RESTART, RESTART)})
        client.request("subscribe", {"kinds": _KINDS}, self._heard)
        self.put({"kind": "state", "state": client.request("state", told=self._heard)})
        self._say(Phase.LIVE)
        self.put({"kind": "status", "status": client.request("status", told=self._heard)})
        for message in client.notifications():
            self._heard(message)

    def _heard(self, message: dict[str, Any]) -> None:
        if message.get("method") == "event":
            self.put({name: value for name, value in message.items() if name != "method"})

    def _say(self, phase: Phase, why: str = "", hint: str = "") -> None:
        repeated = self._phase == (phase, why)
        self._phase = (phase, why)
        if not repeated or phase is Phase.LOST:
            self.put({"kind": "phase", "phase": phase.value, "why": why, "hint": hint, "at": self._clock()})

    # asking

    async def ask(self, method: str, params: Mapping[str, Any] | None = None) -> Any:
        """Asks the daemon over a connection of its own and returns the answer; its errors are raised."""
        return await in_thread(lambda: self._ask(method, dict(params or {})))

    async def command(self, name: str, flows: tuple[str, ...], **more: Any) -> list[dict[str, Any]]:
        """Has the daemon do something, tells how far it is, and returns the results."""
        self._number += 1
        number = self._number
        self.put({"kind": "begun", "id": number, "name": name, "flows": flows})
        try:
            params = {"name": name, "flows": list(flows), **more}
            found: list[dict[str, Any]] = await in_thread(lambda: self._ask("command", params, number))
            return found
        finally:
            self.put({"kind": "ended", "id": number})

    def cancel(self) -> int:
        """Ends the commands that this session has under way and returns how many."""
        clients = list(self._commands.values())
        for client in clients:
            client.send("cancel", {"id": client.last})
        return len(clients)

    def _ask(self, method: str, params: dict[str, Any], number: int = 0) -> Any:
        place = self.place
        client = connect_to(place, "flowsync tui") if place else None
        if client is None:
            raise DaemonError("no daemon runs here", "flowsync daemon start")
        with client:
            if not number:
                return _request(client, method, params)
            self._commands[number] = client
            try:
                return client.request(method, params, lambda told: self._progress(number, told))
            finally:
                del self._commands[number]

    def _progress(self, number: int, told: dict[str, Any]) -> None:
        if told["method"] == "progress":
            self.put({**told, "kind": "progress", "id": number})


def _request(client: Client, method: str, params: dict[str, Any]) -> Any:
    try:
        return client.request(method, params)
    except DaemonError as error:
        if error.message.startswith("there is no method"):
            raise DaemonError("the daemon is older than this program, and cannot do that", RESTART) from error
        raise


async def in_thread(work: Callable[[], T]) -> T:
    """Runs something that waits in a thread of its own; the thread does not keep the program from ending."""
    import asyncio  # here, because connecting need not wait for it

    loop = asyncio.get_running_loop()
    done: asyncio.Future[Any] = loop.create_future()

    def settle(value: T | None, error: BaseException | None) -> None:
        if done.cancelled():
            return
        if error is None:
            done.set_result(value)
        else:
            done.set_exception(error)

    def run() -> None:
        value, failed = None, None
        try:
            value = work()
        except BaseException as error:
            failed = error
        try:
            loop.call_soon_threadsafe(settle, value, failed)
        except RuntimeError:  # the program has ended meanwhile; nobody waits for the answer any more
            return

    threading.Thread(target=run, name="flowsync-tui-ask", daemon=True).start()
    found: T = await done
    return found
