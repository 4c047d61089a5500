"""Installs, removes and inspects our hooks in one repository.

Two ways, both of which keep what is there: from Git 2.54 on, hooks named in the repository's configuration; before,
shims in the hooks folder, with the hook that was there renamed and run first. ``uninstall`` puts it back as it was.
"""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from flowsync.errors import RepositoryError, UsageError
from flowsync_hooks.shims import BEFORE, EVENTS, is_ours, shim

_CONFIG_HOOKS_SINCE = (2, 54)
_LEGACY = ".legacy"  # where pre-commit's installer moves what it finds
_MANAGERS = (".pre-commit-config.yaml", "prek.toml", "lefthook.yml", "lefthook.yaml", ".lefthook.yml")


@dataclass(frozen=True, slots=True)
class State:
    """One event's hook: ``how`` is shim, config, manager or none; ``chained`` tells that another runs before it."""

    event: str
    how: str
    place: str = ""
    chained: bool = False
    problem: str = ""


class Repository:
    """Where a repository keeps its hooks."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.top = Path(self._git("rev-parse", "--show-toplevel"))
        self.common = self._path("--git-common-dir")
        self.hooks = self._path("--git-path", "hooks")
        self.version = _version(self._git("version"))

    @property
    def has_config_hooks(self) -> bool:
        """Whether this Git runs hooks that its configuration names."""
        return self.version >= _CONFIG_HOOKS_SINCE

    @property
    def own_hooks(self) -> Path:
        """Where the scripts lie that the configuration names."""
        return self.common / "flowsync" / "hooks"

    def hooks_are_shared(self) -> bool:
        """Tells whether ``core.hooksPath`` leads every repository of this user or machine to the same hooks."""
        shown = self._git("config", "--show-scope", "--get", "core.hooksPath", missing="")
        return shown.partition("\t")[0] in ("global", "system")

    def configured(self, event: str) -> str:
        """Returns the command that the configuration names for our hook on an event, or an empty text."""
        return self._git("config", "--local", "--get", f"hook.{_name(event)}.command", missing="")

    def configure(self, event: str, command: str) -> None:
        """Names our hook for an event in the configuration."""
        self._git("config", "--local", f"hook.{_name(event)}.command", command)
        self._git("config", "--local", f"hook.{_name(event)}.event", event)

    def unconfigure(self, event: str) -> None:
        """Takes our hook for an event out of the configuration."""
        self._git("config", "--local", "--remove-section", f"hook.{_name(event)}")

    def _path(self, *question: str) -> Path:
        answer = self._git("rev-parse", *question)
        return Path(os.path.normpath(self._directory / answer))

    def _git(self, *arguments: str, missing: str | None = None) -> str:
        asked = subprocess.run(["git", *arguments], cwd=self._directory, capture_output=True, check=False)
        if asked.returncode:
            if missing is not None:
                return missing
            complaint = os.fsdecode(asked.stderr).strip().removeprefix("fatal: ").partition("\n")[0]
            if complaint.startswith("not a git repository"):
                raise RepositoryError(f"{self._directory} is not in a Git repository", "git init")
            if complaint.startswith("this operation must be run in a work tree"):
                raise RepositoryError(f"{self._directory} is a bare repository", "git worktree add DIR")
            raise RepositoryError(complaint or f"git {arguments[0]} failed")
        return os.fsdecode(asked.stdout).removesuffix("\n")


def install(directory: Path) -> list[State]:
    """Installs every hook and returns how each one is there now."""
    repository = Repository(directory)
    if repository.has_config_hooks:
        _remove_shims(repository)
        _install_config(repository)
    else:
        _refuse_shared(repository)
        _install_shims(repository)
    return status(directory)


def _refuse_shared(repository: Repository) -> None:
    if repository.hooks_are_shared():
        raise UsageError(
            f"core.hooksPath leads to {repository.hooks}, which other repositories use too",
            "git config --local core.hooksPath .git/hooks",
        )


def uninstall(directory: Path) -> list[State]:
    """Removes every hook of ours, puts back what was there, and returns how each event is now."""
    repository = Repository(directory)
    _remove_shims(repository)
    for event in EVENTS:
        if repository.configured(event):
            repository.unconfigure(event)
        (repository.own_hooks / event).unlink(missing_ok=True)
    if repository.own_hooks.is_dir():
        repository.own_hooks.rmdir()
    return status(directory)


def planned(directory: Path, action: str) -> list[State]:
    """Returns how each event's hook would be after ``install`` or ``uninstall``; writes nothing."""
    repository = Repository(directory)
    if action == "install" and not repository.has_config_hooks:
        _refuse_shared(repository)
    return [_planned(repository, event, action) for event in EVENTS]


def _planned(repository: Repository, event: str, action: str) -> State:
    if event == "pre-commit" and (manager := manager_with_our_hook(repository.top)):
        return State(event, "manager", manager)
    if action == "uninstall":
        return State(event, "none")
    if repository.has_config_hooks:
        return State(event, "config", _quoted(repository.own_hooks / event))
    place = repository.hooks / event
    if _ours(repository.hooks / (event + _LEGACY)):
        place = repository.hooks / (event + _LEGACY)
    before = place if not _ours(place) else place.with_name(place.name + BEFORE)
    return State(event, "shim", str(place), before.exists() or before.is_symlink())


def status(directory: Path) -> list[State]:
    """Returns how each event's hook is there."""
    repository = Repository(directory)
    return [_state(repository, event) for event in EVENTS]


def manager_with_our_hook(top: Path) -> str:
    """Returns the name of a hook manager's configuration that runs our validation already, or an empty text."""
    for name in _MANAGERS:
        place = top / name
        if place.is_file() and b"flowsync" in place.read_bytes():
            return name
    return ""


def _state(repository: Repository, event: str) -> State:
    if command := repository.configured(event):
        return State(event, "config", command, problem=_problem(repository.own_hooks / event))
    for name in (event, event + _LEGACY):
        place = repository.hooks / name
        if _ours(place):
            return State(event, "shim", str(place), (repository.hooks / (name + BEFORE)).exists(), _problem(place))
    manager = manager_with_our_hook(repository.top) if event == "pre-commit" else ""
    return State(event, "manager", manager) if manager else State(event, "none")


def _problem(place: Path) -> str:
    """Returns why an installed shim cannot do its work, or an empty text."""
    if not os.access(place, os.X_OK):
        return "it is not executable"
    found = re.search(rb"^PYTHON=(.+)$", place.read_bytes(), re.MULTILINE)
    python = os.fsdecode(found.group(1)).strip("'") if found else ""
    return "" if os.access(python, os.X_OK) else f"its interpreter {python} is gone"


def _install_shims(repository: Repository) -> None:
    repository.hooks.mkdir(parents=True, exist_ok=True)
    for event in EVENTS:
        if event == "pre-commit" and manager_with_our_hook(repository.top):
            continue  # twice would only be slower
        place = repository.hooks / event
        legacy = repository.hooks / (event + _LEGACY)
        if _ours(legacy):
            _write(legacy, shim(event, sys.executable))
            continue
        if not _ours(place) and (place.exists() or place.is_symlink()):
            place.replace(_before(place))
        _write(place, shim(event, sys.executable))


def _before(place: Path) -> Path:
    before = place.with_name(place.name + BEFORE)
    if before.exists():
        raise UsageError(f"{before} is in the way", "look at both hooks, and remove the one that is not needed")
    return before


def _install_config(repository: Repository) -> None:
    repository.own_hooks.mkdir(parents=True, exist_ok=True)
    for event in EVENTS:
        if event == "pre-commit" and manager_with_our_hook(repository.top):
            continue
        place = repository.own_hooks / event
        _write(place, shim(event, sys.executable))
        repository.configure(event, _quoted(place))


def _remove_shims(repository: Repository) -> None:
    for event in EVENTS:
        for name in (event, event + _LEGACY):
            place = repository.hooks / name
            if not _ours(place):
                continue
            before = place.with_name(name + BEFORE)
            if before.exists() or before.is_symlink():
                before.replace(place)
            else:
                place.unlink()


def _ours(place: Path) -> bool:
    return place.is_file() and is_ours(place.read_bytes())


def _write(place: Path, content: bytes) -> None:
    """Writes a script so that Git finds the old one or the new one, whole and executable."""
    fresh = place.with_name(f".{place.name}.flowsync-new")
    fresh.write_bytes(content)
    fresh.chmod(0o755)
    fresh.replace(place)


def _quoted(place: Path) -> str:
    import shlex

    return shlex.quote(str(place))


def _name(event: str) -> str:
    return f"flowsync-{event}"


def _version(shown: str) -> tuple[int, int]:
    found = re.search(r"(\d+)\.(\d+)", shown)
    return (int(found.group(1)), int(found.group(2))) if found else (0, 0)
