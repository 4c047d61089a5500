"""``flowsync draft``: flows as Studio's registry knows them."""

import argparse
from typing import TYPE_CHECKING

from flowsync.cli import arguments
from flowsync.cli.draft_rows import facts, hint, named, record_json, row_json, where, whose

if TYPE_CHECKING:
    from flowsync.studio.flows import Record
    from flowsync.sync.drafting import Desk, Outcome

_ACTIONS = (
    ("create", "register a flow of the branch, so that it opens in Studio"),
    ("list", "the registry, the share's folders and the branch, joined"),
    ("show", "one flow: its record, and whether Studio holds what the branch holds"),
    ("open", "open a flow in the browser"),
    ("rename", "give a flow another name in Studio"),
    ("archive", "hide a flow in Studio; its files stay"),
    ("restore", "bring a hidden flow back"),
    ("adopt", "bring a flow that was made in Studio to the branch"),
)
_WRITES = ("create", "rename", "archive", "restore", "adopt")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the actions and their arguments."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    made = {name: actions.add_parser(name, help=text, description=arguments.sentence(text)) for name, text in _ACTIONS}
    for name, one in made.items():
        if name != "list":
            one.add_argument("flow", metavar="FLOW", help="the flow's folder, its id, or its name in Studio")
        arguments.remote(one)
        arguments.json(one)
        if name in _WRITES:
            arguments.dry_run(one)
    create = made["create"]
    create.add_argument("--name", default="", help="its name in Studio (default: display_name, else the folder's)")
    create.add_argument(
        "--type",
        default="",
        choices=("standard", "evaluation", "chat"),
        help="default: as the definition says; chat if it has a chat input",
    )
    create.add_argument("--description", default="", metavar="TEXT", help="what Studio shows below the name")
    create.add_argument("--tag", action="append", default=[], metavar="KEY=VALUE", help="may be repeated")
    create.add_argument("--no-validate", action="store_true", help="register it although it has errors")
    made["list"].add_argument("--mine", action="store_true", help="only flows of yours")
    made["list"].add_argument("--all", action="store_true", help="archived ones, too")
    made["open"].add_argument("--print", dest="only_print", action="store_true", help="print the address only")
    made["rename"].add_argument("name", metavar="NAME", help="its new name in Studio")


def run(args: argparse.Namespace) -> int:
    """Does what was asked for."""
    import os

    from flowsync.cli.progress import reporter
    from flowsync.sync.drafts import desk

    with reporter(args.json) as watching, desk(arguments.here(args), args.remote, os.environ, watching) as at:
        return int(_DO[args.action](args, at))


def _create(args: argparse.Namespace, at: "Desk") -> int:
    from flowsync.core.tree import FlowName
    from flowsync.sync.drafting import Wish, create
    from flowsync.sync.result import exit_code

    wish = Wish(args.name, args.type, args.description, tags(args.tag), args.no_validate)
    flow = FlowName(args.flow.strip("/").rpartition("/")[2])
    outcome = create(at, flow, wish, args.dry_run)
    _tell_created(args, at, outcome)
    return exit_code([outcome.result] if outcome.result else [])


def tags(pairs: list[str]) -> dict[str, str]:
    """Returns what ``--tag KEY=VALUE`` says."""
    from flowsync.errors import UsageError

    found = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not (key and equals):
            raise UsageError(f"--tag needs KEY=VALUE, not {pair!r}", "--tag team=search")
        found[key] = value
    return found


def _tell_created(args: argparse.Namespace, at: "Desk", outcome: "Outcome") -> None:
    from flowsync.cli.output import paint, plain, say, say_json
    from flowsync.cli.results import as_json, show

    record, begun = outcome.record, outcome.begun
    if args.json:
        wanted = {"name": begun.name, "type": begun.type, "description": begun.description, "path": begun.path}
        say_json(
            {
                "version": 1,
                "dry_run": args.dry_run,
                "flow": outcome.flow,
                "created": outcome.created,
                "draft": record_json(at, record) if record else None,
                "wanted": {**wanted, "tags": dict(begun.tags)},
                "uncommitted": list(outcome.uncommitted),
                "result": as_json(outcome.result) if outcome.result else None,
            }
        )
        return
    if outcome.uncommitted:
        say(paint(f"{len(outcome.uncommitted)} uncommitted edits of {outcome.flow} are not part of it.", "yellow"))
    if outcome.result:
        show([outcome.result], False, args.dry_run, "")
    if record:
        did = "registered" if outcome.created else "is registered"
        say(f"{paint(did, 'green')}  {plain(outcome.flow)}  {plain(named(record))}")
        say(f"  {plain(at.session.flow_page(record.id))}")
        if record.archived:
            say(f"  {paint(f'try: flowsync draft restore {outcome.flow}, to see it in Studio', 'dim')}")
    elif args.dry_run:
        say(f"{paint('would be registered', 'green')}  {plain(outcome.flow)}  {plain(begun.name)}, {begun.type}")
        say(f"  {plain(begun.path)}")


def _list(args: argparse.Namespace, at: "Desk") -> int:
    from flowsync.cli.output import columns, paint, say, say_json
    from flowsync.errors import Exit
    from flowsync.sync.drafts import listed

    rows = listed(at, not args.mine, args.all)
    if args.json:
        say_json({"version": 1, "drafts": [row_json(at, row) for row in rows]})
        return Exit.DONE
    if not rows:
        say("No flow is registered, and none is on either side.")
    shown = columns(
        (row.state, where(row), named(row.record), whose(row), row.record.id if row.record else "") for row in rows
    )
    for row, (state, place, name, owner, flow_id) in zip(rows, shown, strict=True):
        colour = "green" if row.state == "linked" else "dim" if row.state == "another folder" else "yellow"
        say(f"{paint(state, colour)}  {place}  {name}  {owner}  {paint(flow_id, 'dim')}".rstrip())
        if helps := hint(row):
            say(f"{' ' * len(state)}  {paint('try: ' + helps, 'dim')}")
    return Exit.DONE


def _show(args: argparse.Namespace, at: "Desk") -> int:
    from flowsync.cli.output import columns, say, say_json
    from flowsync.errors import Exit
    from flowsync.sync.drafts import show

    shown = show(at, args.flow)
    if args.json:
        row = row_json(at, shown.draft)
        row["draft"] = record_json(at, shown.record)
        state = shown.state.value if shown.state else None
        say_json({"version": 1, **row, "sync": state, "commit": shown.commit, "branch": shown.branch})
        return Exit.DONE
    for name, value in columns(facts(shown)):
        say(f"{name}  {value}")
    return Exit.DONE


def _open(args: argparse.Namespace, at: "Desk") -> int:
    from flowsync.cli.output import plain, say, say_json
    from flowsync.errors import Exit
    from flowsync.sync.drafts import find

    record = find(at, args.flow).record
    assert record is not None
    page = at.session.flow_page(record.id)
    opened = False
    if not (args.only_print or args.json):
        import webbrowser

        opened = webbrowser.open(page)
    if args.json:
        say_json({"version": 1, "id": record.id, "url": page})
    else:
        say(plain(f"Opened {page}" if opened else page))
    return Exit.DONE


def _rename(args: argparse.Namespace, at: "Desk") -> int:
    from flowsync.sync.drafts import rename

    return _tell(args, at, rename(at, args.flow, args.name, args.dry_run), f"renamed to {args.name}")


def _archive(args: argparse.Namespace, at: "Desk") -> int:
    from flowsync.sync.drafts import archive

    hidden = args.action == "archive"
    return _tell(args, at, archive(at, args.flow, hidden, args.dry_run), "archived" if hidden else "restored")


def _tell(args: argparse.Namespace, at: "Desk", record: "Record", did: str) -> int:
    from flowsync.cli.output import paint, plain, say, say_json
    from flowsync.errors import Exit

    if args.json:
        say_json({"version": 1, "dry_run": args.dry_run, "draft": record_json(at, record)})
    else:
        say(f"{paint(f'would be {did}' if args.dry_run else did, 'green')}  {plain(record.name)}  {plain(record.id)}")
    return Exit.DONE


def _adopt(args: argparse.Namespace, at: "Desk") -> int:
    from flowsync.cli.output import say_json
    from flowsync.cli.results import as_json, show
    from flowsync.sync.drafts import adopt
    from flowsync.sync.result import exit_code

    record, results = adopt(at, args.flow, args.dry_run)
    if args.json:
        rows = [as_json(result) for result in results]
        say_json({"version": 1, "dry_run": args.dry_run, "draft": record_json(at, record), "results": rows})
    else:
        show(results, False, args.dry_run, "Nothing to do.")
    return exit_code(results)


_DO = {
    "create": _create,
    "list": _list,
    "show": _show,
    "open": _open,
    "rename": _rename,
    "archive": _archive,
    "restore": _archive,
    "adopt": _adopt,
}
