"""Runs the real, unmodified `pfazure` for slow tests: as a process, signed in by a fake `az`, against an emulator.

FLOWSYNC_PFAZURE names a `pfazure` of promptflow-azure 1.18.5 with azure-ai-ml==1.32.0 (a newer one it does not start
with). FLOWSYNC_PFAZURE_TRANSCRIPT names a file to keep what was said in.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from flowsync.emulator import Emulator
from flowsync.emulator.people import User
from promptflow_cli import GIVE_UP_AFTER_SECONDS, SETTINGS
from workspace import ALICE, environment

NAMED = os.environ.get("FLOWSYNC_PFAZURE", "")
TRANSCRIPT = os.environ.get("FLOWSYNC_PFAZURE_TRANSCRIPT", "")
MARKS = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not NAMED, reason="set FLOWSYNC_PFAZURE to a pfazure executable to run this"),
]


@contextmanager
def signed_in(emulator: Emulator, folder: Path, user: User = ALICE) -> Iterator["PfAzure"]:
    """Yields the pfazure that is named, and adds to the transcript afterwards if one is wanted."""
    executable = shutil.which(NAMED)
    assert executable, f"FLOWSYNC_PFAZURE is {NAMED}, which is not an executable"
    client = PfAzure(Path(executable), emulator, folder, user)
    yield client
    if TRANSCRIPT:
        with Path(TRANSCRIPT).open("a", encoding="utf-8") as file:
            file.writelines(client.transcript)


class PfAzure:
    """One `pfazure` executable, signed in to an emulated workspace as somebody; keeps a transcript."""

    def __init__(self, executable: Path, emulator: Emulator, folder: Path, user: User = ALICE) -> None:
        self._executable, self._folder = executable, folder
        self._workspace = emulator.workspaces[0]
        home = folder / f"home-{user.name}"
        home.mkdir(exist_ok=True)
        (home / "pf.yaml").write_text(SETTINGS)
        self._environment = {
            **environment(emulator, folder, user),
            "HOME": str(home),
            "PF_HOME_DIRECTORY": str(home),
            "PF_USE_AZURE_CLI_CREDENTIAL": "true",
            "PYTHONUTF8": "1",
        }
        self.transcript: list[str] = []

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs a command in the workspace."""
        names = self._workspace
        where = ["--subscription", names.subscription, "-g", names.group, "-w", names.name]
        done = subprocess.run(
            [str(self._executable), *arguments, *where],
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=GIVE_UP_AFTER_SECONDS,
        )
        self.transcript.append(f"$ pfazure {' '.join(arguments)}\n{done.stdout}[exit {done.returncode}]\n")
        return done

    def text(self, *arguments: str) -> str:
        """Runs a command that must succeed; returns what it printed."""
        done = self.run(*arguments)
        assert done.returncode == 0, f"pfazure {' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def json(self, *arguments: str) -> Any:
        """Runs a command that must succeed; returns the JSON at the end of what it printed."""
        text = self.text(*arguments)
        starts = [index for index, line in enumerate(text.splitlines()) if line in ("{", "[", "{}", "[]")]
        assert starts, text
        return json.loads("\n".join(text.splitlines()[starts[-1] :]))
