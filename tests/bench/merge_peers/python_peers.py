"""Merges the cases on standard input with merge3 and nbdime; runs in an environment that has them."""

import json
import sys
from collections.abc import Callable
from typing import Any


def by_lines(case: dict[str, Any]) -> str | None:
    import merge3

    versions = [case[side].splitlines(keepends=True) for side in ("base", "local", "remote")]
    merge = merge3.Merge3(*versions)
    if any(group[0] == "conflict" for group in merge.merge_groups()):
        return None
    return "".join(merge.merge_lines())


def generic(case: dict[str, Any]) -> Any:
    from nbdime.merging.decisions import apply_decisions
    from nbdime.merging.generic import decide_merge

    base, local, remote = (case["data"][side] for side in ("base", "local", "remote"))
    decisions = decide_merge(base, local, remote)
    return None if any(decision.conflict for decision in decisions) else apply_decisions(base, decisions)


def keyed(case: dict[str, Any]) -> Any:
    flows = {
        side: {**flow, "nodes": {n["name"]: n for n in flow.get("nodes", [])}} for side, flow in case["data"].items()
    }
    merged = generic({"data": flows})
    return None if merged is None else {**merged, "nodes": list(merged["nodes"].values())}


PEERS: dict[str, Callable[[dict[str, Any]], Any]] = {"merge3": by_lines, "nbdime": generic, "nbdime by name": keyed}


def main() -> None:
    results: dict[str, list[Any]] = {name: [] for name in PEERS}
    for case in json.load(sys.stdin):
        for name, merge in PEERS.items():
            try:
                merged = merge(case)
                results[name].append({"conflict": True} if merged is None else {"merged": merged})
            except Exception as error:
                results[name].append({"failed": repr(error)})
    json.dump(results, sys.stdout)


main()
