"""The one table of actions. Bindings, the palette, ``?``, the docs and Activity's command lines come from it.

A screen's own actions are a tuple ``ACTIONS`` in a module of ``view``, listed here; nothing of it may import Textual.
"""

from functools import cache
from importlib import import_module

from flowsync_tui.view.action import EVERYWHERE, Action

# a module of ``view`` per screen or two; keys of a screen come before those of every screen
_TABLES = ("main_actions", "flow_actions", "other_actions")
# the menus: the key that opens one, and what it is called
MENUS = {"x": "More", "y": "Copy", "M": "Mode"}


@cache
def actions() -> tuple[Action, ...]:
    """Returns every action, in the order of the help."""
    found: list[Action] = []
    for name in _TABLES:
        found += import_module(f"flowsync_tui.view.{name}").ACTIONS
    return tuple(found)


@cache
def by_id() -> dict[str, Action]:
    """Returns every action under its id."""
    return {action.id: action for action in actions()}


@cache
def on(screen: str) -> tuple[Action, ...]:
    """Returns what can be done on a screen: its own actions first, then what can be done everywhere.

    A key that the screen uses itself is taken off the action of every screen.
    """
    own = [action for action in actions() if screen in action.screens]
    return (*own, *(action for action in actions() if EVERYWHERE in action.screens))


def shadowed(screen: str) -> frozenset[str]:
    """Returns the ids of the actions of every screen whose first key this screen uses itself."""
    keys = {key for action in actions() if screen in action.screens for key in action.all_keys}
    return frozenset(action.id for action in actions() if EVERYWHERE in action.screens and action.key in keys)


def menu(screen: str, key: str) -> tuple[Action, ...]:
    """Returns what a menu of a screen offers."""
    return tuple(action for action in on(screen) if action.menu == key)


def hints(screen: str) -> list[Action]:
    """Returns what the footer names, most wanted first."""
    hidden = shadowed(screen)
    found = (action for action in on(screen) if action.hint and action.id not in hidden)
    return sorted(found, key=lambda action: action.hint)
