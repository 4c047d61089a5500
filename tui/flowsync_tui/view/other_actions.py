"""The actions of the screens around the main one: logs, doctor, transfer, set-up."""

from flowsync_tui.view.action import Action, Level

ACTIONS = (
    Action("logs.follow", "F", ("logs",), "Follow", "stay at the newest line, or not", hint=1),
    Action("logs.filter", "slash", ("logs",), "Filter", "show only what matches; !word shows what does not", hint=2),
    Action("logs.all", "1", ("logs",), "All", "every line", hint=3),
    Action("logs.info", "2", ("logs",), "Info", "information and worse", hint=4),
    Action("logs.warning", "3", ("logs",), "Warnings", "warnings and errors", hint=5),
    Action("logs.error", "4", ("logs",), "Errors", "errors only", hint=6),
    Action("logs.copy", "y", ("logs",), "Copy", "copy the selected line", hint=7),
    Action("doctor.again", "R", ("doctor",), "Again", "check once more", twin="flowsync doctor", hint=1),
    Action("doctor.copy", "y", ("doctor",), "Copy fix", "copy the command that fixes it", hint=2),
    Action("export.write", "enter", ("export",), "Write", "write the archives", hint=1),
    Action("export.side", "b", ("export",), "Side", "the branch's files, or Studio's", hint=2),
    Action("export.folder", "o", ("export",), "Folder", "write into another folder", hint=3),
    Action("import.do", "i", ("import",), "Import", "take the archive in", Level.ASK, writes=True, hint=1),
)
