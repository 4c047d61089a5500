"""Our merge beside others, over the table of scenarios of the tests, in one run. Prints a table and the sums.

    python tests/bench/bench_merge.py [--python PYTHON] [--node-modules FOLDER] [--full]

``--python`` is an interpreter whose environment has merge3 and nbdime, ``--node-modules`` a folder with trimerge and
git-json-merge; without them their columns are left out. Tools that know no YAML get the flow as data, which is kind to
them: they cannot stumble over quotes, comments or the order of keys. What a cell says:

    .     right: every edit kept, or an honest conflict where a person has to decide
    lost  a side's edit is gone, silently
    broken  merged silently into a flow whose graph does not hold together, or into no YAML
    needless  a conflict although both sides' edits fit
    fails  the tool gave up with an error
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).parents[1]))

from flowsync.core.merge import merge_flow, new_flaws
from merge_scenarios import SCENARIOS, Scenario

PEERS = Path(__file__).with_name("merge_peers")
CONFLICT = object()


def said(flow: Any) -> Any:
    """Returns a flow's meaning: nodes by name, includes as a set."""
    rest = {key: value for key, value in flow.items() if key not in ("nodes", "additional_includes")}
    return rest, {node["name"]: node for node in flow.get("nodes", [])}, set(flow.get("additional_includes", []))


def judged(scenario: Scenario, merged: Any) -> str:
    """Returns what a tool made of a scenario; ``merged`` is a flow, CONFLICT, or an error's text."""
    if isinstance(merged, str):
        return "fails"
    if merged is CONFLICT:
        return "needless" if scenario.clean else "."
    text = yaml.safe_dump(merged, allow_unicode=True).encode()
    if new_flaws(scenario.local.encode(), scenario.remote.encode(), text) or not isinstance(merged, dict):
        return "broken"
    if not scenario.clean:
        return "lost"
    return "." if said(merged) == said(yaml.safe_load(scenario.want or "")) else "lost"


def as_flow(text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return []  # clean, they say, but it is no flow


def ours(scenario: Scenario) -> tuple[Any, bool]:
    base = None if scenario.base is None else scenario.base.encode()
    merged = merge_flow(base, scenario.local.encode(), scenario.remote.encode())
    text = merged.content.decode()
    return (as_flow(text) if merged.clean else CONFLICT), text == scenario.want


def git(scenario: Scenario) -> tuple[Any, bool]:
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for name, text in (("local", scenario.local), ("base", scenario.base or ""), ("remote", scenario.remote)):
            files.append(Path(folder) / name)
            files[-1].write_bytes(text.encode())
        done = subprocess.run(["git", "merge-file", "-p", *files], capture_output=True, check=False)
    text = done.stdout.decode()
    return (as_flow(text) if done.returncode == 0 else CONFLICT), text == scenario.want


def peers(command: list[str], extra: dict[str, str]) -> dict[str, list[Any]]:
    """Runs a program that merges all cases with several tools."""
    cases = []
    for scenario in SCENARIOS:
        texts = {"base": scenario.base or "", "local": scenario.local, "remote": scenario.remote}
        cases.append({**texts, "data": {side: yaml.safe_load(text) or {} for side, text in texts.items()}})
    done = subprocess.run(
        command, input=json.dumps(cases), env={**os.environ, **extra}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        print(f"{command[0]} could not run: {done.stderr.strip()[-300:]}", file=sys.stderr)
        return {}
    results: dict[str, list[Any]] = json.loads(done.stdout)
    return results


def outcome(result: dict[str, Any]) -> tuple[Any, str]:
    """Returns what a peer's answer means, and the text that it gave."""
    if "merged" not in result:
        return (CONFLICT if result.get("conflict") else result["failed"]), ""
    merged = result["merged"]
    return (as_flow(merged), merged) if isinstance(merged, str) else (merged, "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", help="an interpreter with merge3 and nbdime")
    parser.add_argument("--node-modules", help="a folder with trimerge and git-json-merge")
    parser.add_argument("--full", action="store_true", help="show every scenario, not only those that tell tools apart")
    args = parser.parse_args()

    columns: dict[str, list[str]] = {}
    exact: dict[str, int] = {}
    own: dict[str, Callable[[Scenario], tuple[Any, bool]]] = {"flowsync": ours, "git": git}
    spent = {}
    for name, merge in own.items():
        started = time.perf_counter()
        results = [merge(scenario) for scenario in SCENARIOS]
        spent[name] = time.perf_counter() - started
        columns[name] = [judged(scenario, merged) for scenario, (merged, _) in zip(SCENARIOS, results, strict=True)]
        exact[name] = sum(same for _, same in results)
    found: dict[str, list[Any]] = {}
    if args.python:
        found |= peers([args.python, str(PEERS / "python_peers.py")], {})
    if args.node_modules:
        found |= peers(["node", str(PEERS / "node_peers.js")], {"NODE_PATH": args.node_modules})
    for name, answers in found.items():
        outcomes = [outcome(answer) for answer in answers]
        columns[name] = [judged(scenario, merged) for scenario, (merged, _) in zip(SCENARIOS, outcomes, strict=True)]
        exact[name] = sum(text == scenario.want for scenario, (_, text) in zip(SCENARIOS, outcomes, strict=True))
    show(columns, exact, args.full)
    print(f"\nflowsync took {1000 * spent['flowsync'] / len(SCENARIOS):.1f} ms a merge, in process.")


def show(columns: dict[str, list[str]], exact: dict[str, int], full: bool) -> None:
    """Prints the table."""
    widths = {name: max(len(name), 8) + 2 for name in columns}
    longest = max(len(scenario.name) for scenario in SCENARIOS)
    print(" " * longest + "  " + "".join(f"{name:<{widths[name]}}" for name in columns))
    for number, scenario in enumerate(SCENARIOS):
        row = {name: cells[number] for name, cells in columns.items()}
        if full or set(row.values()) != {"."}:
            print(f"{scenario.name:<{longest}}  " + "".join(f"{row[name]:<{widths[name]}}" for name in columns))
    counts = {name: Counter(cells) for name, cells in columns.items()}
    print()
    clean = sum(scenario.clean for scenario in SCENARIOS)
    for label, kinds in {
        f"right, of {len(SCENARIOS)}": (".",),
        "lost, silently": ("lost",),
        "broken, silently": ("broken",),
        "needless conflicts": ("needless",),
        "fails": ("fails",),
    }.items():
        sums = {name: sum(counts[name][kind] for kind in kinds) for name in columns}
        print(f"{label:<{longest}}  " + "".join(f"{sums[name]:<{widths[name]}}" for name in columns))
    label = f"the wanted bytes, of {clean} clean merges"
    print(f"{label:<{longest}}  " + "".join(f"{exact[name]:<{widths[name]}}" for name in columns))


if __name__ == "__main__":
    main()
