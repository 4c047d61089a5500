"""A real Git repository with flows in it, for tests of validation and hooks."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import check_bases

GOOD = check_bases.PROMPTY | {
    "flow.dag.yaml": """\
inputs:
  text: {type: string}
outputs:
  out: {type: string, reference: '${echo.output}'}
nodes:
- name: echo
  type: python
  source: {type: code, path: echo.py}
  inputs: {text: '${inputs.text}'}
""",
    "echo.py": "from promptflow.core import tool\n\n\n@tool\ndef echo(text: str):\n    return text\n",
}
BROKEN = GOOD["flow.dag.yaml"].replace("${echo.output}", "${ecco.output}")


class FlowRepo:
    """A repository at ``top`` with a home of its own, so that nobody's configuration matters."""

    def __init__(self, top: Path, home: Path, template: Path | None = None) -> None:
        self.top, self.home = top, home
        home.mkdir(parents=True, exist_ok=True)
        (home / ".gitconfig").write_text(
            "[user]\n\tname = Ada\n\temail = ada@example.com\n[init]\n\tdefaultBranch = main\n"
            "[core]\n\tquotePath = true\n[advice]\n\tdetachedHead = false\n"
        )
        self.git("init", "--quiet", str(top), cwd=home)

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "PRE_COMMIT"))}
        for name in ("SKIP", "GITHUB_ACTIONS", "TF_BUILD", "NO_COLOR"):
            kept.pop(name, None)
        return kept | {"HOME": str(self.home), "GIT_CONFIG_NOSYSTEM": "1", "XDG_CACHE_HOME": str(self.home / "cache")}

    def run(
        self,
        *command: str | bytes,
        cwd: Path | None = None,
        extra: Mapping[str, str] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=cwd or self.top,
            env=environment if environment is not None else self.environment | dict(extra or {}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="backslashreplace",
            timeout=240,
        )

    def git(self, *arguments: str, cwd: Path | None = None, extra: Mapping[str, str] | None = None) -> str:
        done = self.run("git", *arguments, cwd=cwd, extra=extra)
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)
        return done.stdout

    def commit(
        self, *arguments: str, cwd: Path | None = None, extra: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Commits, and returns the finished process whatever came of it."""
        return self.run("git", "commit", "-q", "-m", "a commit", *arguments, cwd=cwd, extra=extra)

    def flowsync(self, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        return self.run(sys.executable, "-P", "-m", "flowsync", *arguments, cwd=cwd)

    def write(self, path: str, text: str | bytes) -> Path:
        place = self.top / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text if isinstance(text, bytes) else text.encode())
        return place

    def flow(self, folder: str, **changed: str) -> None:
        """Writes a good flow, with other contents for the files named (dots as two underscores)."""
        for path, text in GOOD.items():
            self.write(f"{folder}/{path}", changed.get(path.replace(".", "__"), text))

    def stage(self, *paths: str) -> None:
        self.git("add", "--all", "--", *(paths or (".",)))

    def head(self) -> str:
        return self.git("rev-parse", "HEAD").strip()
