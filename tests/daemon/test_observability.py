"""Logs, metrics, notices, start-up entries, settings: what a daemon tells, and to whom."""

import http.server
import json
import logging
import plistlib
import queue
import shutil
import subprocess
import threading
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from daemon_process import PATIENCE, Daemon, until
from flowsync.daemon import logs
from flowsync.daemon.install import systemd, task, unit
from flowsync.daemon.metrics import prometheus
from flowsync.daemon.notices import Limit, Notice, notices
from flowsync.daemon.power import is_metered, on_battery
from flowsync.daemon.settings import DaemonSettings, parse
from flowsync.daemon.teller import desktop_command
from flowsync.errors import ConfigError
from world import World

KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
ODD = Path('/home/pat/my repo 100% "new" $HOME & <co>')


@pytest.mark.parametrize(
    ("said", "secret"),
    [
        (f"DefaultEndpointsProtocol=https;AccountName=a;AccountKey={KEY};", KEY),
        ("https://a.file.core.windows.net/s?sv=2024&sig=abc%2Bdef%3D&se=1", "abc%2Bdef"),
        ("Authorization: Bearer eyJ0eXAi.abc.def", "eyJ0eXAi"),
        (f"SharedKey account:{KEY}", KEY),
        ("http://pat:hunter2@proxy:8080 refused", "hunter2"),
        (f"key {KEY} here", KEY),
    ],
)
def test_no_secret_is_logged(said: str, secret: str) -> None:
    assert secret not in logs.redact(said)
    assert "***" in logs.redact(said)


def test_control_characters_are_shown_not_obeyed() -> None:
    assert logs.redact("a\x1b[31mb\u202ec") == "a\\x1b[31mb\\u202ec"


def test_both_logs_rotate_and_hold_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "_SIZE", 2000)
    logs.open_logs(tmp_path / "daemon.log", terminal=False)
    try:
        for number in range(200):
            logging.getLogger("flowsync.daemon").info("line %d with sig=secret", number)
    finally:
        logs.close_logs()
    assert {file.name for file in tmp_path.iterdir()} == {
        f"daemon.{kind}{old}" for kind in ("log", "jsonl") for old in ("", ".1", ".2", ".3")
    }
    assert all(file.stat().st_size < 2500 for file in tmp_path.iterdir())
    last = json.loads((tmp_path / "daemon.jsonl").read_text().splitlines()[-1])
    assert last["text"] == "line 199 with sig=***"
    assert (tmp_path / "daemon.log").read_text().splitlines()[-1].endswith("line 199 with sig=***")


def test_metrics_are_well_formed() -> None:
    state = {
        "health": 'o"dd\n',
        "requests": {"made": 7, "budget_per_hour": 60},
        "last_cycle": 1.5,
        "counters": {"a": 2},
    }
    flows = {"flows": [{"state": "in-sync"}, {"state": "in-sync"}, {"state": "conflict"}]}
    text = prometheus(state, flows)
    assert 'flowsync_flows{state="in-sync"} 2\n' in text
    assert 'flowsync_health{state="o\\"dd\\n"} 1\n' in text
    assert "flowsync_requests_total 7\n" in text
    for line in text.splitlines():
        assert line.startswith("# ") or len(line.rsplit(" ", 1)) == 2


def result(did: str, flow: str = "chat", reason: str = "r") -> dict[str, object]:
    return {"flow": flow, "did": did, "paths": ["a.py"], "commit": None, "hold": {"reason": reason, "hint": "h"}}


def test_what_a_person_is_told_of() -> None:
    told = notices(
        {"kind": "result", "results": [result(did) for did in ("conflict", "landed", "held", "failed", "pushed")]}
    )
    assert [notice.about for notice in told] == ["conflict", "foreign-edit", "held-push", "error"]
    assert notices({"kind": "result", "results": [result("held", reason="its mode is observe")]}) == []
    assert notices({"kind": "flows"}) == []


def test_notices_are_limited() -> None:
    now = [0.0]
    limit = Limit(lambda: now[0])
    chat = Notice("conflict", "chat", "")
    assert limit.allows(chat)
    assert not limit.allows(chat)
    assert sum(limit.allows(Notice("error", f"f{number}", "")) for number in range(100)) == 4
    now[0] = 301.0
    assert limit.allows(chat)


@pytest.fixture
def hook() -> Iterator[tuple[str, "queue.Queue[dict[str, str]]"]]:
    """A web server that takes what is posted."""
    posted: queue.Queue[dict[str, str]] = queue.Queue()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *arguments: object) -> None: ...

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/hook", posted
    server.shutdown()
    server.server_close()


def test_a_conflict_is_told_to_the_command_and_to_the_webhook(
    world: World,
    run_daemon: Callable[..., Daemon],
    hook: "tuple[str, queue.Queue[dict[str, str]]]",
    tmp_path: Path,
) -> None:
    url, posted = hook
    said = tmp_path / "said"
    world.git("config", "flowsync.webhook", url)
    world.git("config", "flowsync.notifyCommand", f'echo "$FLOWSYNC_ABOUT $FLOWSYNC_FLOW" >> {said}')
    world.studio_flow("chat", a_py="x = 1\n")
    daemon = run_daemon(world).ready().settled()
    daemon.ask("pause")
    world.commit({"flows/chat/a.py": "x = 'mine'\n"})
    world.studio({"chat/a.py": "x = 'theirs'\n"})
    daemon.ask("resume")
    until(lambda: daemon.flow("chat")["state"] == "conflict", "the conflict")
    until(lambda: said.exists() and "conflict chat" in said.read_text(), "the command")
    told = [posted.get(timeout=PATIENCE)]
    while told[-1]["about"] != "conflict":
        told.append(posted.get(timeout=PATIENCE))
    assert told[-1]["flow"] == "chat"
    assert "flowsync resolve" in told[-1]["text"]
    assert said.read_text().count("conflict") == 1


def test_a_notice_on_the_desktop_is_never_code() -> None:
    notice = Notice("conflict", "chat", '"; rm -rf / #$(x)`y`')
    for platform in ("linux", "darwin", "win32"):
        command = desktop_command(platform, notice)
        assert command is not None
        assert sum(notice.text in part for part in command) == 1
    assert desktop_command("plan9", notice) is None


# -- start-up entries


def test_the_units_text_survives_odd_paths() -> None:
    text = systemd("/usr/bin/python3", ODD)
    (line,) = [line for line in text.splitlines() if line.startswith("ExecStart=")]
    assert '"/home/pat/my repo 100%% \\"new\\" $$HOME & <co>"' in line
    agent = plistlib.loads(unit(ODD, "darwin", "/usr/bin/python3").text.encode())
    assert agent["ProgramArguments"][-3:] == ["daemon", "run", "--quiet"]
    assert agent["ProgramArguments"][4] == str(ODD)
    scheduled = ElementTree.fromstring(task("C:\\Python\\python.exe", ODD).partition("?>")[2])
    inside = {node.tag.rpartition("}")[2]: node.text or "" for node in scheduled.iter()}
    assert inside["Command"] == "C:\\Python\\pythonw.exe"
    assert inside["WorkingDirectory"] == str(ODD)
    assert inside["MultipleInstancesPolicy"] == "IgnoreNew"


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd here")
def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    python = Path(shutil.which("python3") or "/usr/bin/python3").resolve()
    file = tmp_path / "flowsync-test.service"
    file.write_text(systemd(str(python), tmp_path / "my repo 100%"))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--user", file], capture_output=True, text=True, check=False
    )
    complaints = [line for line in (done.stdout + done.stderr).splitlines() if file.name in line]
    assert complaints == []


def test_install_writes_and_uninstall_removes(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    entry = unit(world.folder)
    shown = world.ends(0, "daemon", "install", "--dry-run").out
    assert str(entry.file) in shown
    assert not entry.file.exists()
    assert "enable --now" in world.ends(0, "daemon", "install").out
    assert entry.file.read_text() == entry.text
    assert "Removed" in world.ends(0, "daemon", "uninstall").out
    assert not entry.file.exists()
    assert "Nothing" in world.ends(0, "daemon", "uninstall").out


# -- settings and power


def test_settings_say_what_is_wrong_with_them() -> None:
    assert parse({}) == DaemonSettings()
    assert parse({"requestsperhour": "120", "onbattery": "POLL"}).requests_per_hour == 120
    for wrong in ({"requestsperhour": "many"}, {"requestsperhour": "1"}, {"onbattery": "maybe"}, {"sweep": "nan"}):
        with pytest.raises(ConfigError, match="git config flowsync"):
            parse(wrong)


def supply(folder: Path, name: str, **files: str) -> None:
    (folder / name).mkdir(parents=True)
    for file, text in files.items():
        (folder / name / file).write_text(text + "\n")


def test_battery_and_metered_networks_are_read_from_the_system(tmp_path: Path) -> None:
    assert not on_battery(tmp_path / "none")
    supply(tmp_path, "BAT0", type="Battery", status="Discharging")
    assert on_battery(tmp_path)
    supply(tmp_path, "AC", type="Mains", online="1")
    assert not on_battery(tmp_path)
    (tmp_path / "AC" / "online").write_text("0\n")
    assert on_battery(tmp_path)
    supply(tmp_path / "mouse", "hid", type="Battery", status="Discharging", scope="Device")
    assert not on_battery(tmp_path / "mouse")
    assert [is_metered(said) for said in ("u 1", "u 3", "u 2", "u 4", "u 0", "", "error")] == [True, True] + [False] * 5


def test_remotes_that_nobody_serves_are_named(world: World, run_daemon: Callable[..., Daemon]) -> None:
    other = world.share.url + "/../second"
    config = world.folder / ".flowsync.yaml"
    world.commit({".flowsync.yaml": config.read_text() + f"  second:\n    share: {other}\n    path: more\n"})
    daemon = run_daemon(world).ready().settled()
    assert daemon.state["not_served"] == ["second"]
    assert "left to you: second" in world.ends(0, "daemon", "status").out
    world.link()
    until(lambda: daemon.state["not_served"] == [], "the configuration to be read again")
    assert "left to you" not in world.ends(0, "daemon", "status").out


def test_a_command_that_names_no_remote_is_not_for_the_daemon_of_another(
    world: World, run_daemon: Callable[..., Daemon]
) -> None:
    second = world.share.folder.parent / "second"  # type: ignore[attr-defined]
    (second / "other").mkdir(parents=True)
    (second / "other/flow.dag.yaml").write_text("nodes: []\n")
    config = (world.folder / ".flowsync.yaml").read_text()
    world.commit({".flowsync.yaml": config + f"  second:\n    share: file://{second}\n    path: more\n"})
    world.studio_flow("chat")
    daemon = run_daemon(world, "--remote", "second").ready().settled()
    assert [row["name"] for row in daemon.ask("status")["flows"]] == ["other"]
    assert [row["flow"] for row in world.ends(0, "sync", "--json").json["results"]] == ["chat"]
    assert world.states() == {"chat": "in-sync"}
    assert daemon.count("passes_sync") == 0
    world.ends(0, "sync", "--remote", "second")
    assert daemon.count("passes_sync") == 1
