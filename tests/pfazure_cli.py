"""Runs the real, unmodified `pfazure` for slow tests: as a process, signed in by a fake `az`, against an emulator."""

import json
import subprocess
from pathlib import Path
from typing import Any

from flowsync.emulator import Emulator
from promptflow_cli import GIVE_UP_AFTER_SECONDS, SETTINGS
from workspace import ALICE, User, environment


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
