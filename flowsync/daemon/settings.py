"""What a person sets for their own daemon, in git's configuration: it is theirs, not the repository's.

Nothing of this may come from a committed file: a notice command would be code that a clone runs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from flowsync.errors import ConfigError
from flowsync.repo.plumbing import Git, fields

KEYS = {
    "requestsperhour": "flowsync.requestsPerHour",
    "onbattery": "flowsync.onBattery",
    "notify": "flowsync.notify",
    "notifycommand": "flowsync.notifyCommand",
    "webhook": "flowsync.webhook",
    "fastestlook": "flowsync.fastestLook",
    "sweep": "flowsync.sweep",
    "newflows": "flowsync.newFlows",
}


@dataclass(frozen=True, slots=True)
class DaemonSettings:
    """``git config flowsync.NAME``; seconds where it is a time."""

    requests_per_hour: int = 7200
    on_battery: str = "pause"  # or poll
    notify: str = "desktop"  # or none
    notify_command: str = ""
    webhook: str = ""
    fastest_look: float = 2.5
    sweep: float = 600.0
    new_flows: float = 30.0


def read(root: Path) -> DaemonSettings:
    """Reads the settings; ConfigError names the key that is wrong."""
    done = Git(root).run("config", "--null", "--get-regexp", r"^flowsync\.")
    pairs = (entry.partition("\n") for entry in fields(done.stdout))
    return parse({key.lower().removeprefix("flowsync."): value for key, _, value in pairs})


def parse(found: Mapping[str, str]) -> DaemonSettings:
    """Returns the settings that these keys (lower case, without their section) make."""
    default = DaemonSettings()
    return DaemonSettings(
        requests_per_hour=int(_number(found, "requestsperhour", default.requests_per_hour, 60)),
        on_battery=_choice(found, "onbattery", ("pause", "poll")),
        notify=_choice(found, "notify", ("desktop", "none")),
        notify_command=found.get("notifycommand", ""),
        webhook=found.get("webhook", ""),
        fastest_look=_number(found, "fastestlook", default.fastest_look, 1),
        sweep=_number(found, "sweep", default.sweep, 10),
        new_flows=_number(found, "newflows", default.new_flows, 1),
    )


def _number(found: Mapping[str, str], key: str, default: float, least: float) -> float:
    try:
        value = float(found.get(key, default))
    except ValueError:
        value = float("nan")
    if not value >= least or value == float("inf"):
        raise ConfigError(
            f"git config {KEYS[key]} must be a number from {least:g} on", f"git config {KEYS[key]} {default}"
        )
    return value


def _choice(found: Mapping[str, str], key: str, words: tuple[str, ...]) -> str:
    value = found.get(key, words[0]).lower()
    if value not in words:
        raise ConfigError(f"git config {KEYS[key]} must be {' or '.join(words)}", f"git config {KEYS[key]} {words[0]}")
    return value
