"""A person's settings of the terminal UI: keys, theme and the like, in YAML, with mistakes named by line.

The file is ``tui.yaml`` in the platform's folder for configuration (Linux: ``~/.config/flowsync``)::

    theme: flowsync-hc
    ascii: true
    keys:
      flow.sync: ctrl+y
"""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from flowsync_tui.view import actions

if TYPE_CHECKING:
    from yaml.nodes import Node

_WORDS = ("theme",)
_SWITCHES = ("ascii", "plain", "read_only", "mouse")
TEMPLATE = """\
# Settings of flowsync tui. They are read again when this file is saved.
# theme: flowsync-hc        # any of the themes in the palette
# ascii: true               # no line drawing, no symbols
# read_only: true           # refuse all that writes
# keys:                     # ids are in docs/tui.md and in the help (?)
#   flow.sync: ctrl+y
"""


@dataclass
class Settings:
    """What the file says; ``mistakes`` are sentences that begin with the file's name and line."""

    theme: str = ""
    ascii: bool = False
    plain: bool = False
    read_only: bool = False
    mouse: bool = True
    keys: dict[str, str] = field(default_factory=dict)
    mistakes: list[str] = field(default_factory=list)


def path() -> Path:
    """Returns where the settings lie."""
    import platformdirs  # not before somebody asks

    return Path(platformdirs.user_config_dir("flowsync", appauthor=False)) / "tui.yaml"


Stamp = tuple[int, int, int]


def stamp(file: Path) -> Stamp | None:
    """Returns what tells one state of a file from another, for the price of a look; None if it is not there."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def load(file: Path, before: Settings | None = None) -> Settings:
    """Returns the settings in a file; none if there is none. What is wrong is told, and stays as it was ``before``."""
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Settings()
    except (OSError, UnicodeDecodeError) as error:
        return replace(before or Settings(), mistakes=[f"{file.name}: it cannot be read: {error}"])
    return parse(text, file.name, before)


def parse(text: str, name: str, before: Settings | None = None) -> Settings:
    """Returns the settings in a text; what is wrong in it stays as it was ``before``."""
    import yaml  # the same

    before = before or Settings()
    found = Settings()
    try:
        root = yaml.compose(text, yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        return replace(before, mistakes=[f"{name}:{line}: {error.problem or error.context}"])
    except yaml.YAMLError as error:
        return replace(before, mistakes=[f"{name}:1: {error}"])
    if root is None:
        return found
    if not isinstance(root, yaml.MappingNode):
        mistake = f"{name}:{_line(root)}: settings are names and values, such as theme: flowsync-hc"
        return replace(before, mistakes=[mistake])
    for key, value in root.value:
        if mistake := _take(found, before, str(key.value), value):
            found.mistakes.append(f"{name}:{_line(key)}: {mistake}")
    return found


def _take(found: Settings, before: Settings, key: str, value: "Node") -> str:
    """Takes over one setting; returns what is wrong with it, or an empty string."""
    import yaml

    if key == "keys":
        if not isinstance(value, yaml.MappingNode):
            found.keys = dict(before.keys)
            return "keys are ids and keys, such as flow.sync: ctrl+y"
        wrong = [
            f"line {_line(name)}: there is no action {name.value!r}" if name.value not in actions.by_id() else ""
            for name, _ in value.value
        ]
        known = actions.by_id()
        found.keys.update({name.value: _key(str(one.value)) for name, one in value.value if name.value in known})
        return "; ".join(filter(None, wrong))
    if key in _WORDS:
        setattr(found, key, str(value.value))
        return ""
    if key in _SWITCHES:
        if str(value.value).lower() not in ("true", "false", "yes", "no"):
            setattr(found, key, getattr(before, key))
            return f"{key} is true or false"
        setattr(found, key, str(value.value).lower() in ("true", "yes"))
        return ""
    return f"there is no setting {key!r}; there are {', '.join((*_WORDS, *_SWITCHES, 'keys'))}"


def _key(text: str) -> str:
    """Returns keys in the notation of the registry: ``?`` and ``question_mark`` are the same."""
    from flowsync_tui.keymap import named

    return ",".join(named(part.strip()) for part in text.split(",") if part.strip())


def _line(node: "Node") -> int:
    return int(node.start_mark.line) + 1
