"""What an action is. Each screen's table of actions lies beside its model; ``view.actions`` collects them."""

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flowsync_tui.view.state import State

EVERYWHERE = "*"
Guard = Callable[["State"], str | None]


class Level(IntEnum):
    """How sure the person has to be."""

    NONE = 0  # it can be taken back without thinking
    ASK = 1  # a question whose first answer is no
    NAME = 2  # the flow's name has to be typed


def always(state: "State") -> str | None:
    """Lets an action through whatever the state."""
    return None


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that a person can do.

    ``keys`` are Textual's names of keys, separated by commas; the first is the one that is shown. ``"x e"`` is a menu:
    ``x`` opens it, ``e`` chooses. No key at all: only the palette offers it. ``twin`` is the same on the command line:
    ``{flow}`` and ``{flows}`` are filled in. ``enabled`` returns why it cannot be done now, or None. ``hint`` is its
    place in the footer, 1 first, 0 never. ``writes`` is what read-only mode refuses.
    """

    id: str
    keys: str
    screens: tuple[str, ...]
    label: str
    help: str
    level: Level = Level.NONE
    twin: str = ""
    enabled: Guard = always
    writes: bool = False
    hint: int = 0
    group: str = "General"

    @property
    def key(self) -> str:
        """Returns the key that is shown, or an empty string."""
        return self.keys.partition(",")[0]

    @property
    def all_keys(self) -> tuple[str, ...]:
        """Returns every key."""
        return tuple(key.strip() for key in self.keys.split(",") if key.strip())

    @property
    def menu(self) -> str:
        """Returns the key of the menu that it is chosen from, or an empty string."""
        first, _, second = self.key.partition(" ")
        return first if second else ""

    @property
    def handler(self) -> str:
        """Returns the name of the method that does it."""
        return "do_" + self.id.replace(".", "_")

    def on(self, screen: str) -> bool:
        """Tells whether it can be done on a screen."""
        return EVERYWHERE in self.screens or screen in self.screens

    def refusal(self, state: "State") -> str | None:
        """Returns why it cannot be done now, as a sentence without a full stop, or None."""
        if self.writes and state.read_only:
            return "this session is read-only (Lock in the palette takes that back)"
        return self.enabled(state)


def argv(template: str, values: Mapping[str, str | Sequence[str]]) -> list[str]:
    """Returns a twin's words with names filled in; a name that looks like an option is kept from being one."""
    words: list[str] = []
    for word in shlex.split(template):
        if word == "{flows}":
            flows = list(values["flows"])
            words += ["--", *flows] if any(flow.startswith("-") for flow in flows) else flows
        elif word.startswith("{") and word.endswith("}"):
            value = values[word[1:-1]]
            words += ["--", str(value)] if word == "{flow}" and str(value).startswith("-") else [str(value)]
        else:
            words.append(word)
    return words


def spoken(words: Sequence[str]) -> str:
    """Returns a command line as a person would type it."""
    return shlex.join(words)
