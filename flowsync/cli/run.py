"""``flowsync run``: try a flow here, run and evaluate it in the cloud, and look at what came of it."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowsync.cli import arguments

if TYPE_CHECKING:
    from flowsync.studio.runs import Line, Run
    from flowsync.sync.drafting import Desk

_ACTIONS = (
    ("test", "run a flow here, once, with prompt flow's own pf"),
    ("submit", "run a flow in the cloud over data, as a run file says"),
    ("eval", "judge a run with an evaluation flow, as a run file says"),
    ("stream", "follow a run's log until it is over"),
    ("show", "one run: what ran, how it went, and from which commit"),
    ("details", "a run's lines: inputs and outputs"),
    ("metrics", "the metrics of one run or several"),
    ("list", "the newest runs"),
    ("cancel", "ask a run to stop"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the actions and their arguments."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    made = {name: actions.add_parser(name, help=text, description=arguments.sentence(text)) for name, text in _ACTIONS}
    for name, one in made.items():
        arguments.remote(one)
        if name != "test":
            arguments.json(one)
    made["test"].add_argument("flow", metavar="FLOW", help="the flow's name, or its folder")
    made["test"].add_argument("--inputs", nargs="+", default=[], metavar="KEY=VALUE", help="what to run it with")
    made["test"].add_argument("--variant", metavar="NODE.VARIANT", help="with this variant of a node")
    for name in ("submit", "eval"):
        made[name].add_argument("file", metavar="FILE", help="the run file (run.yml)")
        made[name].add_argument("--name", default="", help="what to call the run (default: flow, variant and time)")
        made[name].add_argument("--tag", action="append", default=[], metavar="KEY=VALUE", help="may be repeated")
        made[name].add_argument("--allow-dirty", action="store_true", help="run what Studio holds, whatever is here")
        made[name].add_argument("--stream", action="store_true", help="follow its log until it is over")
        arguments.dry_run(made[name])
    made["eval"].add_argument("--run", dest="judged", default="", metavar="NAME", help="the run that is judged")
    for name in ("stream", "show", "details", "cancel"):
        made[name].add_argument("name", metavar="NAME", help="the run's name")
    made["metrics"].add_argument("names", nargs="+", metavar="NAME", help="the runs' names")
    made["details"].add_argument("-n", "--lines", type=int, default=100, metavar="N", help="how many (default: 100)")
    made["list"].add_argument("-n", "--runs", type=int, default=50, metavar="N", help="how many (default: 50)")
    made["list"].add_argument("--all", action="store_true", help="everybody's, not only yours")
    made["list"].add_argument(
        "--flow", default="", metavar="FLOW", help="only runs of this flow that flowsync submitted"
    )


def run(args: argparse.Namespace) -> int:
    """Does what was asked for."""
    import os

    if args.action == "test":
        from flowsync.cli.run_test import run_test

        return run_test(args)
    from flowsync.sync.drafts import desk

    with desk(arguments.here(args), args.remote, os.environ) as at:
        return _DO[args.action](args, at)


def _submit(args: argparse.Namespace, at: "Desk") -> int:
    import dataclasses

    from flowsync.cli.draft import tags
    from flowsync.cli.output import paint, plain, say, say_json
    from flowsync.errors import Exit
    from flowsync.sync.cloud_runs import evaluating, prepared, submit
    from flowsync.sync.run_file import read

    wanted = read(Path(args.directory or ".") / args.file)
    if args.action == "eval":
        wanted = evaluating(wanted, args.judged)
    wanted = dataclasses.replace(wanted, name=args.name or wanted.name, tags={**wanted.tags, **tags(args.tag)})
    ready = prepared(at, wanted, args.allow_dirty)
    if args.dry_run:
        if args.json:
            say_json({"version": 1, "dry_run": True, "request": dict(ready.body)})
        else:
            of = f"{plain(ready.flow)} at {ready.commit[:10]}"
            say(f"{paint('would be submitted', 'green')}  {plain(ready.name)}  {of}")
        return Exit.DONE
    found = submit(at, ready)
    if args.stream:
        return _follow(args, at, found.name)
    if args.json:
        say_json({"version": 1, "dry_run": False, "run": run_json(at, found)})
    else:
        say(f"{paint('submitted', 'green')}  {plain(found.name)}  {plain(ready.flow)} at {ready.commit[:10]}")
        say(f"  {plain(at.session.run_page(found.name))}")
        say(f"  {paint(f'try: flowsync run stream {found.name}', 'dim')}")
    return Exit.DONE


def _stream(args: argparse.Namespace, at: "Desk") -> int:
    return _follow(args, at, args.name)


def _follow(args: argparse.Namespace, at: "Desk", name: str) -> int:
    import sys

    from flowsync.cli.output import plain, say, say_json
    from flowsync.sync.cloud_runs import followed

    looks = followed(at, name)
    run, log = next(looks)
    while True:
        for line in log.splitlines() if not args.json else ():
            say(plain(line))
        sys.stdout.flush()
        if run.over:
            break
        run, log = next(looks)
    if args.json:
        say_json({"version": 1, "run": run_json(at, run)})
    else:
        say()
        _summary(at, run)
    return _ending(run)


def _ending(run: "Run") -> int:
    from flowsync.errors import Exit

    return Exit.ATTENTION if run.over and run.status != "Completed" else Exit.DONE


def _show(args: argparse.Namespace, at: "Desk") -> int:
    from flowsync.cli.output import say_json

    found = at.session.runs.get(args.name)
    if args.json:
        say_json({"version": 1, "run": run_json(at, found)})
    else:
        _summary(at, found)
    return _ending(found)


def _summary(at: "Desk", run: "Run") -> None:
    from flowsync.cli.output import columns, say

    commit = run.tags.get("flowsync.commit", "")
    dirty = " (with --allow-dirty: Studio's state, not quite the commit's)" if run.tags.get("flowsync.dirty") else ""
    rows = [
        ("run", run.name),
        ("status", run.status),
        ("flow", run.tags.get("flowsync.flow") or run.flow),
        ("commit", commit + dirty if commit else "none recorded"),
        ("judges", run.evaluates),
        ("data", run.data),
        ("by", run.owner),
        ("created", run.created),
        ("took", f"{run.seconds:.0f} seconds" if run.ended else ""),
        ("tags", ", ".join(f"{key}={value}" for key, value in sorted(run.tags.items()) if "flowsync." not in key)),
        ("error", run.error),
        ("open", at.session.run_page(run.name)),
    ]
    for name, value in columns(row for row in rows if row[1]):
        say(f"{name}  {value}")


def _details(args: argparse.Namespace, at: "Desk") -> int:
    from flowsync.cli import charts
    from flowsync.cli.output import say, say_json
    from flowsync.errors import Exit

    _over(at, args.name)
    found = at.session.runs.lines(args.name, args.lines)
    if args.json:
        say_json({"version": 1, "lines": [_line_json(line) for line in found]})
    elif found:
        charts.lines(found)
    else:
        say("The run has no lines.")
    return Exit.DONE


def _metrics(args: argparse.Namespace, at: "Desk") -> int:
    from flowsync.cli import charts
    from flowsync.cli.output import say, say_json
    from flowsync.errors import Exit

    for name in args.names:
        _over(at, name)
    found = {name: at.session.runs.metrics(name) for name in args.names}
    if args.json:
        say_json({"version": 1, "metrics": found})
    elif any(found.values()):
        charts.metrics(found)
    else:
        say("The flow logged no metric.")
    return Exit.DONE


def _over(at: "Desk", name: str) -> None:
    from flowsync.errors import UsageError

    run = at.session.runs.get(name)
    if not run.over:
        raise UsageError(f"the run {name} is not over yet: {run.status}", f"flowsync run stream {name}")


def _list(args: argparse.Namespace, at: "Desk") -> int:
    from flowsync.cli import charts
    from flowsync.cli.output import say, say_json
    from flowsync.errors import Exit

    found = at.session.runs.list(at.session.person, args.runs, others=args.all)
    found = [one for one in found if not args.flow or one.tags.get("flowsync.flow") == args.flow]
    if args.json:
        say_json({"version": 1, "runs": [run_json(at, one) for one in found]})
    elif found:
        charts.runs(found)
    else:
        say("There is no run yet.")
    return Exit.DONE


def _cancel(args: argparse.Namespace, at: "Desk") -> int:
    from flowsync.cli.output import paint, plain, say, say_json
    from flowsync.errors import Exit

    at.session.runs.cancel(args.name)
    found = at.session.runs.get(args.name)
    if args.json:
        say_json({"version": 1, "run": run_json(at, found)})
    else:
        say(f"{paint(found.status, 'yellow')}  {plain(found.name)}")
    return Exit.DONE


def run_json(at: "Desk", run: "Run") -> dict[str, Any]:
    """Returns a run as programs read it."""
    return {
        "name": run.name,
        "display_name": run.display_name,
        "status": run.status,
        "flow": run.tags.get("flowsync.flow"),
        "commit": run.tags.get("flowsync.commit"),
        "dirty": run.tags.get("flowsync.dirty") == "true",
        "created": run.created or None,
        "started": run.started or None,
        "ended": run.ended or None,
        "owner": run.owner,
        "tags": dict(run.tags),
        "data": run.data or None,
        "evaluates": run.evaluates or None,
        "error": run.error or None,
        "url": at.session.run_page(run.name),
    }


def _line_json(line: "Line") -> dict[str, Any]:
    return {
        "index": line.index,
        "inputs": dict(line.inputs),
        "outputs": dict(line.outputs),
        "status": line.status,
        "error": line.error or None,
    }


_DO: "dict[str, Callable[[argparse.Namespace, Desk], int]]" = {
    "submit": _submit,
    "eval": _submit,
    "stream": _stream,
    "show": _show,
    "details": _details,
    "metrics": _metrics,
    "list": _list,
    "cancel": _cancel,
}
