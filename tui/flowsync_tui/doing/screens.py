"""The actions that open something: palette, help, menus, screens; and those of the session itself."""

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from flowsync_tui.screens.room import Room
from flowsync_tui.view import actions
from flowsync_tui.view.action import Action
from flowsync_tui.widgets.picker import Item, Picker

if TYPE_CHECKING:
    from flowsync_tui.app import FlowsyncApp


def room_of(app: "FlowsyncApp") -> Room:
    """Returns the screen that the person is at, below whatever dialog is open."""
    return next(screen for screen in reversed(app.screen_stack) if isinstance(screen, Room))


def _item(app: "FlowsyncApp", room: Room, action: Action, menu: bool = False) -> Item:
    key = app.keys.of(action)
    return Item(action.id, action.label, action.help, key.split(" ")[-1] if menu else key, room.refusal(action) or "")


def _choose(app: "FlowsyncApp", title: str, items: list[Item], menu: bool = False) -> None:
    def chosen(id: str | None) -> None:
        if id:
            app.do(id)

    app.push_screen(Picker(title, items, menu), chosen)


def open_menu(app: "FlowsyncApp", key: str) -> None:
    """Opens a menu of the screen."""
    room = room_of(app)
    items = [_item(app, room, action, True) for action in actions.menu(room.NAME, key)]
    _choose(app, actions.MENUS[key], items, True)


def do_app_palette(app: "FlowsyncApp") -> None:
    """Lists every command by name, and every flow to go to."""
    room = room_of(app)
    items = [_item(app, room, action) for action in actions.on(room.NAME) if action.group != "Move"]
    items.sort(key=lambda item: (bool(item.reason), item.label))
    _choose(app, "Commands", items)


def do_app_help(app: "FlowsyncApp") -> None:
    """Lists what can be done on this screen first, then everywhere."""
    room = room_of(app)
    items: list[Item] = []
    here = [action for action in actions.on(room.NAME) if app.handler(action)]  # no move that nothing here can make
    own = [action for action in here if room.NAME in action.screens]
    general = [action for action in here if room.NAME not in action.screens]
    for title, table in ((f"On this screen ({room.NAME})", own), ("Everywhere", general)):
        items.append(Item("", title))
        groups = dict.fromkeys(action.group for action in table)
        for group in groups:
            items += [_item_with_all_keys(app, room, action) for action in table if action.group == group]
    _choose(app, "Help: type to search, enter does it", items)


def _item_with_all_keys(app: "FlowsyncApp", room: Room, action: Action) -> Item:
    twin = f" $ {action.twin}" if action.twin else ""
    return Item(action.id, action.label, action.help + twin, app.keys.all_of(action), room.refusal(action) or "")


def do_app_quit(app: "FlowsyncApp") -> None:
    """Leaves."""
    app.leave()


def do_app_suspend(app: "FlowsyncApp") -> None:
    """Gives the terminal back to the shell until ``fg``."""
    app.action_suspend_process()


def do_app_redraw(app: "FlowsyncApp") -> None:
    """Draws everything anew."""
    app.redraw()


def do_app_screenshot(app: "FlowsyncApp") -> None:
    """Saves the screen beside the repository's own state, or in the folder that this began in."""
    name = f"flowsync-{time.strftime('%Y%m%d-%H%M%S')}.svg"
    folder = Path(os.environ.get("FLOWSYNC_SCREENSHOTS") or Path.home())
    (folder / name).write_text(app.export_screenshot(), encoding="utf-8")
    app.tell("done", f"the screen is saved as {folder / name}")


def do_app_lock(app: "FlowsyncApp") -> None:
    """Refuses all that writes from now on, or allows it again."""
    locked = not app.state.read_only
    app.hear({"kind": "read_only", "read_only": locked})
    app.toast("read-only: what writes is refused" if locked else "what writes is allowed again")


def do_app_theme(app: "FlowsyncApp") -> None:
    """Chooses a theme."""

    def chosen(name: str | None) -> None:
        if name:
            app.theme = name
            app.toast(f"theme {name}: to keep it, write theme: {name} into the settings (: Settings)")

    items = [
        Item(name, name, "dark" if theme.dark else "light") for name, theme in sorted(app.available_themes.items())
    ]
    app.push_screen(Picker("Theme", items), chosen)


async def do_app_settings(app: "FlowsyncApp") -> None:
    """Opens the settings in the person's editor, and takes over what was saved."""
    from flowsync_tui import settings
    from flowsync_tui.doing.editor import edit

    file = app.options.settings_file or settings.path()
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(settings.TEMPLATE, encoding="utf-8")
    await edit(app, file)
    app.take_settings(settings.load(file, app.options.settings))


async def do_app_demo(app: "FlowsyncApp") -> None:
    """Plays the demo in a folder of its own, and moves there."""
    from flowsync_tui.doing.setup import open_demo

    await open_demo(app)


def do_app_logs(app: "FlowsyncApp") -> None:
    """Opens the daemon's log."""
    from flowsync_tui.screens.logs import LogsScreen

    app.push_screen(LogsScreen())


def do_app_doctor(app: "FlowsyncApp") -> None:
    """Opens the doctor."""
    from flowsync_tui.screens.doctor import DoctorScreen

    app.push_screen(DoctorScreen())


async def do_app_setup(app: "FlowsyncApp") -> None:
    """Links this repository."""
    from flowsync_tui.doing.setup import link

    await link(app)
