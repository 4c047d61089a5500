"""Runs the real `pf` for slow tests: as a process, with telemetry, traces and lasting services off."""

import json
import os
import subprocess
from pathlib import Path

# No figure is judged by it: it only ends a pf that hangs.
GIVE_UP_AFTER_SECONDS = 120

SETTINGS = """\
telemetry:
  enabled: false
trace:
  destination: none
"""


class PromptFlow:
    """One `pf` executable with its own home folder."""

    def __init__(self, executable: Path, home: Path) -> None:
        self._executable = executable
        self._home = home
        (home / "pf.yaml").write_text(SETTINGS)

    def run(self, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {
            "PF_HOME_DIRECTORY": str(self._home),
            "PYTHONUTF8": "1",
            "PYTHONPATH": str(Path(__file__).parent),
            "PYTHON_KEYRING_BACKEND": "one_key_keyring.OneKey",
        }
        return subprocess.run(
            [str(self._executable), *arguments],
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=GIVE_UP_AFTER_SECONDS,
        )

    def init(self, flow: Path, kind: str) -> None:
        """Has pf generate a new flow of one kind: standard, chat or evaluation."""
        self._succeed("flow", "init", "--flow", flow.name, "--type", kind, cwd=flow.parent)

    def connect(self, definition: Path, **overrides: str) -> None:
        """Registers the connection that a file defines, in this pf's home."""
        changes = [f"{key}={value}" for key, value in overrides.items()]
        self._succeed("connection", "create", "--file", str(definition), "--set", *changes)

    def test(self, flow: Path, *inputs: str) -> dict[str, object]:
        """Runs the flow, in place, on "name=value" inputs, else its data.jsonl's first line; returns the outputs."""
        written = flow / ".promptflow" / "flow.output.json"
        written.unlink(missing_ok=True)
        self._succeed("flow", "test", "--flow", str(flow), "--inputs", *(inputs or [str(flow / "data.jsonl")]))
        outputs = json.loads(written.read_text(encoding="utf-8"))
        assert isinstance(outputs, dict)
        return outputs

    def validate(self, flow: Path) -> dict[str, object]:
        """Returns pf's verdict on the flow."""
        verdict = json.loads(self._succeed("flow", "validate", "--source", str(flow)))
        assert isinstance(verdict, dict)
        return verdict

    def metrics_of_run(self, flow: Path) -> dict[str, float]:
        """Runs the flow on all lines of its data.jsonl and returns the metrics that its aggregation logged."""
        name = f"{flow.name}-{flow.stat().st_ino}"
        self._succeed("run", "create", "--flow", str(flow), "--data", str(flow / "data.jsonl"), "--name", name)
        metrics = json.loads(self._succeed("run", "show-metrics", "--name", name))
        assert isinstance(metrics, dict)
        return metrics

    def _succeed(self, *arguments: str, cwd: Path | None = None) -> str:
        done = self.run(*arguments, cwd=cwd)
        assert done.returncode == 0, f"pf {' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
        return done.stdout
