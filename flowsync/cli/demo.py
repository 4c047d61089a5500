"""``flowsync demo``: the whole story on a loopback share, with nothing but Python and git."""

import argparse
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

from flowsync.cli.output import paint, say
from flowsync.errors import Exit, FlowsyncError, ShareError, UsageError

_MARK = ".flowsync-demo"
_SHARE = "code"
# What prompt flow generates beside a flow that is run here; flowsync never syncs it, and git need not show it.
_GENERATED = ".env\n__pycache__/\n.promptflow/*\n!.promptflow/flow.tools.json\n.runs/\n"
_PATIENCE = 20.0  # seconds for the emulator to listen


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of demo."""
    parser.add_argument("folder", nargs="?", default="flowsync-demo", metavar="DIR", help="default: ./flowsync-demo")
    parser.add_argument("--clean", action="store_true", help="stop the loopback share and remove the folder")
    parser.add_argument("-C", dest="directory", metavar="DIR", default=argparse.SUPPRESS, help="work in this folder")


def run(args: argparse.Namespace) -> int:
    """Plays the demo in a folder, or removes it."""
    folder = Path(args.directory or ".").absolute() / args.folder
    return _clean(folder) if args.clean else _play(folder)


def _play(folder: Path) -> int:
    if folder.exists():
        raise UsageError(f"{folder} exists already", f"flowsync demo --clean {folder}, or another folder")
    from flowsync.emulator.emulator import WELL_KNOWN_ACCOUNT

    studio, repo = folder / "share" / WELL_KNOWN_ACCOUNT / _SHARE / "Users" / "demo" / "promptflow", folder / "repo"
    folder.mkdir(parents=True)
    (folder / _MARK).touch()
    try:
        _fill(studio)
        url = _start_emulator(folder)
        return _story(folder, repo, studio, f"{url}/{_SHARE}?user=demo")
    except BaseException:
        _clean(folder)
        raise


def _story(folder: Path, repo: Path, studio: Path, share: str) -> int:
    from flowsync.demo import local_edit, studio_edit

    say(paint("A repository, linked to a (loopback) share with three flows:", "bold"))
    _git(folder, "init", "--quiet", "--initial-branch=main", str(repo))
    _introduce(repo)
    _flowsync(repo, "init", "--share", share)
    (repo / ".gitignore").write_text(_GENERATED)
    _git(repo, "add", ".flowsync.yaml", ".gitignore")
    _git(repo, "commit", "--quiet", "-m", "Link to Studio")
    _flowsync(repo, "sync")
    say(paint("A colleague saves in Studio, and you commit here:", "bold"))
    path, content = studio_edit()
    (studio / path).write_bytes(content)
    edited = path.partition("/")[0]
    path, content = local_edit()
    (repo / "flows" / path).write_bytes(content)
    _git(repo, "commit", "--quiet", "-am", "Suggest something that goes well with it")
    _flowsync(repo, "fetch")
    _flowsync(repo, "status")
    _flowsync(repo, "diff", edited)
    say(paint("One command takes each edit to the other side:", "bold"))
    _flowsync(repo, "sync")
    _flowsync(repo, "status")
    _flowsync(repo, "log", edited)
    _farewell(folder, repo, studio)
    return Exit.DONE


def _farewell(folder: Path, repo: Path, studio: Path) -> None:
    shown = os.path.relpath(folder)
    say(paint("Your turn. The share keeps running; its files are in", "bold") + f" {os.path.relpath(studio)}")
    say(f"  cd {os.path.relpath(repo)}")
    say("  edit a file of a flow over there (you are Studio now), then: flowsync sync")
    say("  edit the same line here and there, commit, then: flowsync sync; flowsync resolve FLOW --theirs")
    say("  flowsync restore ticket-triage --at HEAD~2 && flowsync push")
    say("  git log --graph --all; git diff main studio/bakery-chat")
    say(f"When you have seen enough: flowsync demo --clean {shown}")


def _fill(studio: Path) -> None:
    from flowsync.demo import sample_flows

    for flow, path, content in sample_flows():
        file = studio / flow / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


def _start_emulator(folder: Path) -> str:
    """Starts the loopback share in the background and returns its URL once it listens."""
    ready = folder / "emulator.url"
    command = [sys.executable, "-P", "-m", "flowsync", "emulator", "--port", "0", "--data", str(folder / "share")]
    with (folder / "emulator.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--share", _SHARE, "--ready-file", str(ready)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    (folder / "emulator.pid").write_text(str(process.pid))
    deadline = time.monotonic() + _PATIENCE
    while not (ready.exists() and ready.read_text().strip()):
        if process.poll() is not None or time.monotonic() > deadline:
            said = (folder / "emulator.log").read_text(errors="replace").strip()
            raise ShareError(f"the loopback share did not start: {said}", "flowsync emulator")
        time.sleep(0.02)  # its start is the condition; there is nothing to wait on but the file
    return ready.read_text().strip()


def _clean(folder: Path) -> int:
    if not (folder / _MARK).exists():
        raise UsageError(f"{folder} was not made by flowsync demo; it is left alone", "flowsync demo --clean DIR")
    _stop_emulator(folder)
    shutil.rmtree(folder)
    say(f"Removed {os.path.relpath(folder)}.")
    return Exit.DONE


def _stop_emulator(folder: Path) -> None:
    """Ends the loopback share, if what answers at its port is still there: the number alone may be another's by now."""
    try:
        pid, url = int((folder / "emulator.pid").read_text()), (folder / "emulator.url").read_text().strip()
    except (OSError, ValueError):
        return
    port = urlsplit(url).port or 0
    if not _listening(port):
        return
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + _PATIENCE
    while _listening(port) and time.monotonic() < deadline:
        time.sleep(0.02)


def _listening(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def _introduce(repo: Path) -> None:
    """Gives the repository a name to commit with, if git knows none."""
    from flowsync.repo.plumbing import Git

    if Git(repo).run("var", "GIT_COMMITTER_IDENT").returncode:
        _git(repo, "config", "user.name", "You")
        _git(repo, "config", "user.email", "you@example.com")


def _git(folder: Path, *arguments: str) -> None:
    from flowsync.repo.plumbing import Git

    say(paint(f"$ git {shlex.join(arguments)}", "dim"))
    Git(folder)(*arguments)


def _flowsync(repo: Path, *arguments: str) -> None:
    from flowsync.cli import main

    say(paint(f"$ flowsync {shlex.join(arguments)}", "cyan"))
    sys.stdout.flush()
    if code := main(["-C", str(repo), *arguments]):
        raise FlowsyncError(f"flowsync {arguments[0]} ended with {code}")
    say()
