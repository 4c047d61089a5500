"""What a daemon answers about one flow, worked out from the contents of its sides as the real one does.

answers = FlowAnswers("chat", base={...}, local={...}, remote={...})   # path -> bytes
daemon.answers.update(answers.table)
"""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

from flowsync.core.check import check
from flowsync.core.semantic import semantic_diff
from flowsync.errors import FlowsyncError

Files = Mapping[str, bytes]
SIDES = ("base", "local", "remote", "worktree")


class FlowAnswers:
    def __init__(
        self,
        flow: str,
        base: Files,
        local: Files,
        remote: Files,
        worktree: Files | None = None,
        commits: Mapping[str, Files] | None = None,
        history: list[dict[str, Any]] | None = None,
    ) -> None:
        self.flow = flow
        self.sides: dict[str, Files] = {
            "base": base, "local": local, "remote": remote, "worktree": local if worktree is None else worktree,
        }  # fmt: skip
        self.commits = dict(commits or {})
        self.history = history or []
        self.resolved: list[dict[str, Any]] = []
        self.outcome: dict[str, Any] = {
            "flow": flow,
            "did": "merged",
            "paths": [],
            "commit": "c" * 40,
            "before": "b" * 40,
            "hold": None,
        }

    @property
    def table(self) -> dict[str, Any]:
        return {
            "files": self._files, "content": self._content, "compare": self._compare, "findings": self._findings,
            "history": self._history, "resolve": self._resolve,
        }  # fmt: skip

    @property
    def tips(self) -> dict[str, str]:
        return {side: blob(repr(sorted(self.sides[side].items())).encode()) for side in ("base", "local", "remote")}

    def _files(self, params: dict[str, Any]) -> dict[str, Any]:
        paths = sorted({path for side in self.sides.values() for path in side})
        return {
            "flow": self.flow, "folder": f"flows/{self.flow}", "sides": self.tips,
            "files": [self._row(path) for path in paths],
        }  # fmt: skip

    def _row(self, path: str) -> dict[str, Any]:
        contents = [self.sides[side].get(path) for side in SIDES]
        base, local, remote, worktree = (None if one is None else blob(one) for one in contents)
        if local == remote:
            state = "same" if worktree == local else "dirty"
        elif base not in (local, remote):
            state = "conflict"
        else:
            state = "remote" if base == local else "local"
        size = max(len(one) for one in contents if one is not None)
        sides = {"base": base, "local": local, "remote": remote, "worktree": worktree}
        return {"path": path, **sides, "size": size, "state": state}

    def _at(self, at: str) -> Files:
        if at not in self.sides and at not in self.commits:
            raise FlowsyncError(f"{at} is no side and no commit of this repository")
        return self.sides.get(at) or self.commits.get(at) or {}

    def _content(self, params: dict[str, Any]) -> dict[str, Any] | None:
        content = self._at(params["at"]).get(params["path"])
        if content is None:
            return None
        told = {"path": params["path"], "at": params["at"], "size": len(content)}
        if len(content) > 8 * 1024 * 1024:
            return {**told, "too_large": True}
        try:
            return {**told, "text": content.decode()}
        except UnicodeDecodeError:
            return {**told, "base64": base64.b64encode(content).decode()}

    def _compare(self, params: dict[str, Any]) -> dict[str, Any]:
        old, new = self._at(params["before"]), self._at(params["after"])
        changes = []
        for path in sorted({*old, *new}):
            before, after = (None if path not in side else blob(side[path]) for side in (old, new))
            if before != after:
                kind = "added" if before is None else "removed" if after is None else "changed"
                changes.append({"path": path, "kind": kind, "before": before, "after": after})
        semantic = semantic_diff(old.get("flow.dag.yaml"), new.get("flow.dag.yaml")).lines()
        return {"changes": changes, "semantic": semantic}

    def _findings(self, params: dict[str, Any]) -> dict[str, Any]:
        return {"findings": [_finding(one) for one in check(dict(self._at(params["at"])))]}

    def _history(self, params: dict[str, Any]) -> dict[str, Any]:
        commits = [one["commit"] for one in self.history]
        begin = commits.index(params["after"]) + 1 if params.get("after") else 0
        page = self.history[begin : begin + params["limit"]]
        return {"entries": page, "more": begin + len(page) < len(self.history)}

    def _resolve(self, params: dict[str, Any]) -> dict[str, Any]:
        if params["sides"] != self.tips:
            raise FlowsyncError("a side has moved since", "look again")
        self.resolved.append(params)
        return {"version": 1, "dry_run": params["dry_run"], "results": [self.outcome], "findings": [], "folder": None}


def _finding(one: Any) -> dict[str, Any]:
    return {
        "rule": one.code, "level": one.severity, "file": one.path, "line": one.line, "column": one.column,
        "message": one.message, "fix": one.fix,
    }  # fmt: skip


def blob(content: bytes) -> str:
    return hashlib.sha1(content).hexdigest()


def entry(commit: str, side: str, author: str, subject: str, *paths: str, minute: int = 0) -> dict[str, Any]:
    at = f"2026-11-18T14:{minute:02}:00+00:00"
    return {"commit": commit, "at": at, "author": author, "side": side, "subject": subject, "paths": list(paths)}
