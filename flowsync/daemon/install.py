"""Start-up entries: a systemd user unit, a launchd agent, a Windows scheduled task. Text in, text out, and one file.

The text is made by pure functions, so that every system's can be tested on any.
"""

import hashlib
import os
import plistlib
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

from flowsync.errors import DaemonError


@dataclass(frozen=True, slots=True)
class Entry:
    """One repository's start-up entry. ``label`` is its name to the system."""

    kind: str  # systemd, launchd or task
    label: str
    file: Path
    text: str


def unit(root: Path, platform: str = sys.platform, python: str = sys.executable) -> Entry:
    """Returns the start-up entry of a repository on this kind of system."""
    name = label(root)
    home = Path.home()
    if platform == "darwin":
        reverse = f"io.flowsync.{name}"
        return Entry(
            "launchd", reverse, home / "Library/LaunchAgents" / f"{reverse}.plist", launchd(reverse, python, root)
        )
    if platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
        return Entry("task", name, base / "flowsync" / f"{name}.xml", task(python, root))
    base = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    return Entry("systemd", f"{name}.service", base / "systemd" / "user" / f"{name}.service", systemd(python, root))


def label(root: Path) -> str:
    """Returns a name that is readable and unique."""
    readable = re.sub(r"[^A-Za-z0-9]+", "-", root.name).strip("-").lower() or "repository"
    return f"flowsync-{readable}-{hashlib.sha256(os.fsencode(root)).hexdigest()[:8]}"


def systemd(python: str, root: Path) -> str:
    """Returns a systemd user unit."""
    run = " ".join(_quoted(part) for part in (python, "-m", "flowsync", "-C", str(root), "daemon", "run", "--quiet"))
    return f"""\
[Unit]
Description=flowsync: sync of {_escaped(root.name)} with Azure ML Studio
Documentation=man:git(1)
ConditionPathExists={_escaped(str(root / ".flowsync.yaml"))}
StartLimitIntervalSec=300
StartLimitBurst=5

[Service]
Type=exec
ExecStart={run}
Restart=on-failure
RestartSec=10
# wrong configuration, no repository, another daemon: starting again would not help
RestartPreventExitStatus=2 3 5
KillMode=mixed
TimeoutStopSec=10
Nice=5
UMask=0077
NoNewPrivileges=yes

[Install]
WantedBy=default.target
"""


def _escaped(text: str) -> str:
    """Doubles what systemd would expand."""
    return text.replace("%", "%%").replace("\n", " ")


def _quoted(part: str) -> str:
    safe = _escaped(part).replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
    return f'"{safe}"'


def launchd(name: str, python: str, root: Path) -> str:
    """Returns a launchd agent."""
    agent = {
        "Label": name,
        "ProgramArguments": [python, "-m", "flowsync", "-C", str(root), "daemon", "run", "--quiet"],
        "RunAtLoad": True,
        "KeepAlive": {"Crashed": True},
        "ThrottleInterval": 10,
        "ProcessType": "Background",
        "WorkingDirectory": str(root),
    }
    return plistlib.dumps(agent).decode("utf-8")


def task(python: str, root: Path) -> str:
    """Returns a task for Windows' scheduler: at logon, never twice, no end to its run time."""
    runner = re.sub(r"(?i)python\.exe$", "pythonw.exe", python)
    arguments = subprocess.list2cmdline(["-m", "flowsync", "-C", str(root), "daemon", "run", "--quiet"])
    return f"""\
<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Description>flowsync: sync of {escape(root.name)} with Azure ML Studio</Description>
  </RegistrationInfo>
  <Triggers>
    <LogonTrigger><Enabled>true</Enabled></LogonTrigger>
  </Triggers>
  <Principals>
    <Principal id="Author"><LogonType>InteractiveToken</LogonType><RunLevel>LeastPrivilege</RunLevel></Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <RestartOnFailure><Interval>PT1M</Interval><Count>5</Count></RestartOnFailure>
    <Hidden>true</Hidden>
  </Settings>
  <Actions Context="Author">
    <Exec>
      <Command>{escape(runner)}</Command>
      <Arguments>{escape(arguments)}</Arguments>
      <WorkingDirectory>{escape(str(root))}</WorkingDirectory>
    </Exec>
  </Actions>
</Task>
"""


def put(entry: Entry) -> None:
    """Writes the entry's file in one step."""
    encoding = "utf-16" if entry.kind == "task" else "utf-8"
    try:
        entry.file.parent.mkdir(parents=True, exist_ok=True)
        temporary = entry.file.with_name(f".{entry.file.name}.new")
        temporary.write_text(entry.text, encoding=encoding)
        temporary.replace(entry.file)
    except OSError as error:
        raise DaemonError(f"{entry.file} cannot be written: {error.strerror or error}") from error


def take_away(entry: Entry) -> bool:
    """Removes the entry's file; False if there was none."""
    try:
        entry.file.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise DaemonError(f"{entry.file} cannot be removed: {error.strerror or error}") from error
    return True


def commands(entry: Entry, action: str) -> list[str]:
    """Returns what tells the system of the entry; a person types it, since only they know when."""
    there = action == "install"
    match entry.kind:
        case "launchd":
            return [f"launchctl {'load -w' if there else 'remove'} '{entry.file if there else entry.label}'"]
        case "task":
            made = f'schtasks /Create /TN "{entry.label}" /XML "{entry.file}"'
            return [made if there else f'schtasks /Delete /TN "{entry.label}" /F']
    verb = "enable" if there else "disable"
    return ["systemctl --user daemon-reload", f"systemctl --user {verb} --now {entry.label}"]
