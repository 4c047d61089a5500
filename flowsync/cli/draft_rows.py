"""How ``flowsync draft`` shows flows: rows, facts, and the form for programs."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flowsync.studio.flows import Record
    from flowsync.sync.drafting import Desk
    from flowsync.sync.drafts import Shown
    from flowsync.sync.registered import Draft


def where(row: "Draft") -> str:
    """Returns where a flow is: its name here, or its folder."""
    return row.flow or (row.record.folder if row.record else "")


def named(record: "Record | None") -> str:
    """Returns a flow's name in Studio."""
    return record.name + (" (archived)" if record.archived else "") if record else ""


def whose(row: "Draft") -> str:
    """Returns whose flow it is."""
    if row.record is None:
        return ""
    return "mine" if row.mine else f"of {row.record.owner_name or row.record.owner}"


def hint(row: "Draft") -> str:
    """Returns the command that gives a flow what it lacks."""
    match row.state:
        case "not registered" | "local only":
            return f"flowsync draft create {row.flow}" if row.here or row.on_share else ""
        case "not fetched":
            return f"flowsync draft adopt {row.flow}"
        case "folder gone":
            here = f"flowsync push {row.flow}" if row.here else ""
            return here or f"flowsync draft archive {row.record.id if row.record else row.flow}"
    return ""


def facts(shown: "Shown") -> list[tuple[str, str]]:
    """Returns what is to be said of one flow, name and value."""
    record = shown.record
    rows = [
        ("name", named(record)),
        ("id", record.id),
        ("type", record.type),
        ("description", record.description),
        ("owner", f"{record.owner_name or record.owner}{' (you)' if shown.draft.mine else ''}"),
        ("folder", record.folder),
        ("tags", ", ".join(f"{key}={value}" for key, value in sorted(record.tags.items()))),
        ("created", record.created),
        ("changed", record.modified),
        ("Studio holds", _holds(shown)),
        ("open", shown.page),
    ]
    return [(name, value) for name, value in rows if value]


def _holds(shown: "Shown") -> str:
    if shown.state is None:
        return "" if shown.draft.on_share else "nothing: its folder is gone from the share"
    if shown.state.value == "in-sync":
        return f"exactly what the branch holds at {shown.branch[:10]}"
    return f"{shown.commit[:10]}; the flow is {shown.state.value} (flowsync diff {shown.draft.flow})"


def row_json(at: "Desk", row: "Draft") -> dict[str, Any]:
    """Returns a row as programs read it."""
    return {
        "flow": row.flow or None,
        "state": row.state,
        "mine": row.mine,
        "on_share": row.on_share,
        "tracked": row.tracked,
        "here": row.here,
        "ref": at.link.tracking_ref(row.flow) if row.flow else None,
        "draft": record_json(at, row.record) if row.record else None,
    }


def record_json(at: "Desk", record: "Record") -> dict[str, Any]:
    """Returns a record as programs read it."""
    return {
        "id": record.id,
        "name": record.name,
        "type": record.type,
        "description": record.description,
        "tags": dict(record.tags),
        "path": record.path,
        "owner": {"id": record.owner, "name": record.owner_name},
        "archived": record.archived,
        "created": record.created or None,
        "changed": record.modified or None,
        "url": at.session.flow_page(record.id),
    }
