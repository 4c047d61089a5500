"""Keys: the registry's defaults as Textual's bindings, a person's own from the settings, and how keys are written."""

from collections.abc import Iterable, Mapping

from textual.binding import Binding

from flowsync_tui.view import actions
from flowsync_tui.view.action import EVERYWHERE, Action

_WRITTEN = {
    "slash": "/",
    "colon": ":",
    "question_mark": "?",
    "escape": "esc",
    "plus": "+",
    "minus": "-",
    "vertical_line": "|",
    "exclamation_mark": "!",
    "full_stop": ".",
    "comma": ",",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "number_sign": "#",
}


def written(key: str) -> str:
    """Returns a key as a person reads it."""
    return " ".join(_WRITTEN.get(part, part) for part in key.split(" "))


def named(key: str) -> str:
    """Returns a key in Textual's words, however a person wrote it."""
    by_sign = {sign: name for name, sign in _WRITTEN.items()}
    return " ".join(by_sign.get(part, part) for part in key.split(" "))


def bindings(screen: str) -> list[Binding]:
    """Returns the bindings of a screen, each with its action's id, so that a keymap can move it."""
    taken: set[str] = set()
    found = []
    for action in actions.on(screen):
        keys = [key for key in action.all_keys if " " not in key and key not in taken]
        taken.update(keys)
        if keys:
            found.append(Binding(",".join(keys), f"app.do('{action.id}')", action.label, id=action.id))
    for key in menu_keys(screen):
        if key not in taken:
            found.append(Binding(key, f"app.menu('{key}')", actions.MENUS[key], id=f"menu.{key}"))
    return found


def menu_keys(screen: str) -> list[str]:
    """Returns the keys that open a menu on a screen."""
    return list(dict.fromkeys(action.menu for action in actions.on(screen) if action.menu))


class Keys:
    """Which keys actions have in this session."""

    def __init__(self, own: Mapping[str, str] | None = None) -> None:
        self.own = dict(own or {})

    def of(self, action: Action) -> str:
        """Returns an action's first key as a person reads it, or an empty string."""
        own = self.own.get(action.id)
        return written(own.partition(",")[0].strip() if own else action.key)

    def all_of(self, action: Action) -> str:
        """Returns all keys of an action as a person reads them."""
        own = self.own.get(action.id)
        return ", ".join(written(key) for key in (own.split(",") if own else action.all_keys))


def clashes(own: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Returns (action, key, other action) for each key that a keymap gives to two actions of one screen."""
    keys = Keys(own)
    found = []
    for screen in {screen for action in actions.actions() for screen in action.screens if screen != EVERYWHERE}:
        seen: dict[str, str] = {}
        for action in _moved_first(actions.on(screen), own):
            for key in keys.all_of(action).split(", "):
                if key and key in seen and action.id in own:
                    found.append((action.id, key, seen[key]))
                seen.setdefault(key, action.id)
    return sorted(set(found))


def _moved_first(table: Iterable[Action], own: Mapping[str, str]) -> list[Action]:
    return sorted(table, key=lambda action: action.id in own)  # the defaults first: a moved key is what clashes
