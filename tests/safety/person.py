"""What a person does in a clone: edits, commits, amends, rebases, resets, merges, switches branch, resolves."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from flowsync.core.plan import Hold
from flowsync.core.tree import FlowName
from flowsync.errors import FlowsyncError
from flowsync.sync.settle import Settlement, Take, resolve, restore

from .tokens import tokens
from .writing import DAG, NAMES, edited, fresh, needs

if TYPE_CHECKING:
    from .clone import Clone
    from .simulation import Simulation

MAIN = "refs/heads/main"
Files = dict[str, bytes]


def first(simulation: "Simulation", clone: "Clone") -> None:
    """A repository with a history of its own, which may hold a flow that Studio has, too, or lacks."""
    clone.repo.refs.all[MAIN] = clone.repo.store({"README.md": b"read me\n"}, ())
    if simulation.random.random() < 0.2:
        _commit(simulation, clone, {**_files(clone), **_flow(simulation, "local")})
        if "local" not in simulation.flows:
            simulation.flows.append("local")


def act(simulation: "Simulation", clone: "Clone") -> None:
    """The person does one thing that git would let them do now."""
    chance = simulation.random
    acts: list[tuple[int, Callable[[Simulation, Clone], None]]] = [
        (40, _edit_and_commit),
        (8, _unsaved),
        (8, _commit_unsaved),
        (6, _delete),
        (8, _rename),
        (5, _amend),
        (4, _reword),
        (3, _reset),
        (6, _merge_by_hand),
        (4, _switch),
        (5, _get_busy),
        (6, _resolve),
        (2, _restore),
        (2, _delete_flow),
        (6, _rename_flow),
        (3, _secrets),
    ]
    weights = [weight for weight, _ in acts]
    ((_, chosen),) = chance.choices(acts, weights)
    if clone.repo.worktree.under_way and chosen is not _get_busy:
        chosen = _end_busy
    simulation.tell(f"{clone.name}: {chosen.__name__}")
    simulation.wait(chance.choice((0.01, 1, 5)))
    chosen(simulation, clone)


def _files(clone: "Clone") -> Files:
    return clone.repo.files(MAIN)


def _flow(simulation: "Simulation", flow: str) -> Files:
    return {
        f"flows/{flow}/{path}": fresh(path, [simulation.ledger.fresh() for _ in range(needs(path))])
        for path in (DAG, "a.py")
    }


def _commit(simulation: "Simulation", clone: "Clone", files: Files, parents: tuple[str, ...] | None = None) -> None:
    """Commits these files; tokens that they lack are overwritten, by somebody who saw them."""
    before = _files(clone)
    tip = clone.repo.refs.all[MAIN]
    for path in before.keys() | files.keys():
        _, _, inner = path.partition("flows/")
        simulation.ledger.wrote(inner.partition("/")[0], before.get(path), files.get(path))
    clone.repo.refs.all[MAIN] = clone.repo.store(files, (tip,) if parents is None else parents)


def _mine(simulation: "Simulation", clone: "Clone") -> tuple[str, list[str]]:
    flow = simulation.random.choice(simulation.flows)
    top = f"flows/{flow}/"
    names = sorted(path for path in _files(clone) if path.startswith(top) and "/." not in path)
    return flow, [path for path in names if path not in clone.repo.worktree.edits]


def _edit_and_commit(simulation: "Simulation", clone: "Clone") -> None:
    flow, names = _mine(simulation, clone)
    files = _files(clone)
    new = f"flows/{flow}/{simulation.random.choice(NAMES)}"
    if not names or (simulation.random.random() < 0.15 and new not in files):
        if f"flows/{flow}/{DAG}" not in files and not clone.repo.worktree.edits:
            _commit(simulation, clone, {**files, **_flow(simulation, flow)})
        elif new not in clone.repo.worktree.edits:
            content = fresh("a.py", [simulation.ledger.fresh() for _ in range(3)])
            _commit(simulation, clone, {**files, new: content})
        return
    for path in simulation.random.sample(names, min(len(names), simulation.random.choice((1, 1, 2, 3)))):
        files[path] = edited(files[path], simulation.ledger.fresh(), simulation.random)
    _commit(simulation, clone, files)


def _unsaved(simulation: "Simulation", clone: "Clone") -> None:
    _, names = _mine(simulation, clone)
    if names and clone.repo.worktree.at == "main":
        path = simulation.random.choice(names)
        content = edited(_files(clone)[path], simulation.ledger.fresh(), simulation.random)
        clone.repo.worktree.edits[path] = content


def _commit_unsaved(simulation: "Simulation", clone: "Clone") -> None:
    commit_edits(simulation, clone)


def commit_edits(simulation: "Simulation", clone: "Clone") -> None:
    """Commits what is uncommitted, on the branch."""
    edits = clone.repo.worktree.edits
    if edits and clone.repo.worktree.at == "main" and not clone.repo.worktree.under_way:
        files = {**_files(clone), **{path: content for path, content in edits.items() if content is not None}}
        _commit(simulation, clone, files)
        edits.clear()


def _delete(simulation: "Simulation", clone: "Clone") -> None:
    _, names = _mine(simulation, clone)
    names = [name for name in names if not name.endswith(DAG)]
    if names:
        gone = simulation.random.choice(names)
        _commit(simulation, clone, {path: content for path, content in _files(clone).items() if path != gone})


def _rename(simulation: "Simulation", clone: "Clone") -> None:
    """``git mv``: what was written stays alive, under another name."""
    flow, names = _mine(simulation, clone)
    names = [name for name in names if not name.endswith(DAG)]
    new, files = f"flows/{flow}/{simulation.random.choice(NAMES)}", _files(clone)
    if names and new not in files and new not in clone.repo.worktree.edits:
        old = simulation.random.choice(names)
        simulation.ledger.moved |= tokens(files[old])
        files[new] = files.pop(old)
        clone.repo.refs.all[MAIN] = clone.repo.store(files, (clone.repo.refs.all[MAIN],))
        simulation.counts["renames"] += 1


def _rename_flow(simulation: "Simulation", clone: "Clone") -> None:
    flow, names = _mine(simulation, clone)
    name, files = simulation.another_name(flow), _files(clone)
    top, new = f"flows/{flow}/", f"flows/{name}/"
    if names and not clone.repo.worktree.edits and not any(path.startswith(new) for path in files):
        simulation.ledger.carried([files[path] for path in names], name)
        moved = {new + path[len(top) :] if path.startswith(top) else path: files[path] for path in files}
        clone.repo.refs.all[MAIN] = clone.repo.store(moved, (clone.repo.refs.all[MAIN],))
        simulation.counts["renames"] += 1


def _delete_flow(simulation: "Simulation", clone: "Clone") -> None:
    flow, names = _mine(simulation, clone)
    if names and not clone.repo.worktree.edits:
        top = f"flows/{flow}/"
        _commit(simulation, clone, {path: c for path, c in _files(clone).items() if not path.startswith(top)})


def _tip_is_mine(clone: "Clone") -> bool:
    commit = clone.repo.objects.commit(clone.repo.refs.all[MAIN])
    return commit.author.startswith(clone.name) and len(commit.parents) == 1


def _amend(simulation: "Simulation", clone: "Clone") -> None:
    _, names = _mine(simulation, clone)
    if _tip_is_mine(clone) and names:
        simulation.rewrites = True
        files = _files(clone)
        path = simulation.random.choice(names)
        files[path] = edited(files[path], simulation.ledger.fresh(), simulation.random)
        _commit(simulation, clone, files, clone.repo.objects.commit(clone.repo.refs.all[MAIN]).parents)


def _reword(simulation: "Simulation", clone: "Clone") -> None:
    """A rebase that changes no content: the same tree, another commit."""
    if _tip_is_mine(clone):
        simulation.rewrites = True
        tip = clone.repo.objects.commit(clone.repo.refs.all[MAIN])
        line = clone.repo.person()[0]
        sha = clone.repo.objects.write_commit(tip.tree, tip.parents, tip.author, line, f"reworded: {tip.message}")
        clone.repo.refs.all[MAIN] = sha


def _reset(simulation: "Simulation", clone: "Clone") -> None:
    """``git reset --hard HEAD~1``: what Studio still has comes back, by design; the rest is gone by their will."""
    if not _tip_is_mine(clone) or clone.repo.worktree.edits:
        return
    simulation.rewrites = True
    before = _files(clone)
    clone.repo.refs.all[MAIN] = clone.repo.objects.commit(clone.repo.refs.all[MAIN]).parents[0]
    after = _files(clone)
    studio = [_tracked(clone, flow) for flow in simulation.flows]  # an amended edit may be there still
    held = {token for files in (before, after, *studio) for content in files.values() for token in tokens(content)}
    kept = {token for path, content in before.items() if after.get(path) == content for token in tokens(content)}
    simulation.ledger.loosen(held - kept)


def _merge_by_hand(simulation: "Simulation", clone: "Clone") -> None:
    """``git merge studio/FLOW``, if it merges."""
    flow = simulation.random.choice(simulation.flows)
    tracking, tip = clone.repo.refs.peek(f"refs/remotes/studio/{flow}"), clone.repo.refs.all[MAIN]
    if tracking is None or clone.repo.worktree.edits or clone.repo.worktree.at != "main":
        return
    if tracking in clone.repo.objects.ancestors(tip):
        return
    if tip in clone.repo.objects.ancestors(tracking):
        clone.repo.refs.all[MAIN] = tracking
        return
    common = clone.repo.objects.ancestors(tip) & clone.repo.objects.ancestors(tracking)
    bases = [one for one in common if not any(one != o and one in clone.repo.objects.ancestors(o) for o in common)]
    if len(bases) != 1:
        return
    trees = [clone.repo.objects.commit(sha).tree for sha in (bases[0], tip, tracking)]
    merge = clone.repo.merger.merge(*trees)
    if not merge.conflicts and clone.repo.refs.all[MAIN] == tip:  # git's own lock: nobody commits in between
        line = clone.repo.person()[0]
        clone.repo.refs.all[MAIN] = clone.repo.objects.write_commit(merge.tree, (tip, tracking), line, line, "merge\n")


def _switch(simulation: "Simulation", clone: "Clone") -> None:
    if not clone.repo.worktree.edits:
        clone.repo.worktree.at = "other" if clone.repo.worktree.at == "main" else "main"


def _get_busy(simulation: "Simulation", clone: "Clone") -> None:
    if clone.repo.worktree.at == "main":
        clone.repo.worktree.under_way = Hold("a rebase is under way", "git rebase --continue")


def _end_busy(simulation: "Simulation", clone: "Clone") -> None:
    clone.repo.worktree.under_way = None
    clone.repo.worktree.told_busy = False


def settle(simulation: "Simulation", clone: "Clone", flow: str, take: Take) -> bool:
    """``flowsync resolve``: what is chosen lives, what is not chosen is overwritten by will."""
    before = [_content(_files(clone), flow), _content(_tracked(clone, flow), flow)]
    try:
        result = resolve(clone.link, FlowName(flow), Settlement(take)).result
    except FlowsyncError as refused:
        simulation.tell(f"resolve refused: {refused.message}")
        return False
    if not result.commit:
        return False
    after = _content(_files(clone), flow)
    simulation.ledger.chose(flow, before, after)
    simulation.tell(f"resolved {flow} {take.value}")
    return True


def _resolve(simulation: "Simulation", clone: "Clone") -> None:
    flow = simulation.random.choice(simulation.flows)
    if not clone.running and not clone.repo.worktree.edits:
        settle(simulation, clone, flow, simulation.random.choice((Take.OURS, Take.THEIRS)))


def _restore(simulation: "Simulation", clone: "Clone") -> None:
    flow = simulation.random.choice(simulation.flows)
    if clone.running or clone.repo.worktree.edits:
        return
    past = clone.repo.history.touching(clone.repo.refs.all[MAIN], f"flows/{flow}")
    if not past:
        return
    sha = simulation.random.choice(past)
    before = _content(_files(clone), flow)
    try:
        result = restore(clone.link, FlowName(flow), sha)
    except FlowsyncError as refused:
        simulation.tell(f"restore refused: {refused.message}")
        return
    if result.commit:
        simulation.ledger.wrote(flow, before, _content(_files(clone), flow))


def _secrets(simulation: "Simulation", clone: "Clone") -> None:
    flow, names = _mine(simulation, clone)
    if names:
        _commit(simulation, clone, {**_files(clone), f"flows/{flow}/.env": b"secret"})


def _tracked(clone: "Clone", flow: str) -> Files:
    ref = f"refs/remotes/studio/{flow}"
    return clone.repo.files(ref) if clone.repo.refs.peek(ref) else {}


def _content(files: Files, flow: str) -> bytes:
    """All that a flow holds, as one text."""
    return b"\n".join(content for path, content in sorted(files.items()) if path.startswith(f"flows/{flow}/"))
