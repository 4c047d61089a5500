"""The end of a run: actors and faults stop, flowsync settles, and the judge looks at what became of every write."""

from typing import TYPE_CHECKING

from flowsync.core.tree import FlowName
from flowsync.sync.holds import Consent
from flowsync.sync.result import Did
from flowsync.sync.settle import Take
from flowsync.sync.survey import survey

from . import person, studio
from .tokens import tokens
from .watched_store import ROOT, Broken
from .writing import DAG

if TYPE_CHECKING:
    from .clone import Clone
    from .simulation import Simulation

CYCLES = 8
WAITING = (Did.CONFLICT, Did.HELD, Did.PROBLEM)


def come_to_rest(simulation: "Simulation") -> None:
    """Stops everybody, and checks what must hold at rest."""
    simulation.quiet = True
    simulation.store.client = None
    simulation.wait(100)
    for clone in simulation.clones:
        clone.repo.worktree.under_way = None
        clone.repo.worktree.told_busy = False
        clone.repo.worktree.at = "main"
        person.commit_edits(simulation, clone)
    consent = Consent(frozenset(map(FlowName, simulation.flows)) if simulation.random.random() < 0.5 else frozenset())
    _settle(simulation, consent)
    _judge(simulation)
    if simulation.random.random() < 0.5:
        for _ in range(CYCLES):
            if not _decide(simulation):
                break
            _settle(simulation, Consent(frozenset(map(FlowName, simulation.flows))))
        else:
            raise Broken("I11 conflicts breed: there is always another")
        _judge(simulation)


def _state(simulation: "Simulation") -> tuple[object, ...]:
    return (
        simulation.store.mutations,
        *(frozenset(clone.repo.refs.all.items()) for clone in simulation.clones),
        *(clone.repo.objects.written for clone in simulation.clones),
    )


def _settle(simulation: "Simulation", consent: Consent) -> None:
    """I4, I5: within a few cycles nothing changes any more, and then a cycle only lists."""
    unchanged = 0
    for cycle in range(CYCLES):
        simulation.wait(40)  # what looked half-written when a neighbour pushed it has settled by then
        before = _state(simulation)
        idle = True
        for clone in simulation.clones:
            ended = simulation.command(clone, "sync", consent)
            if ended.startswith("ShareMissing: none of") and not consent.deletes:  # the brake asks, and is answered
                consent = Consent(frozenset(map(FlowName, simulation.flows)))
                ended = simulation.command(clone, "sync", consent)
            if ended != "done":
                raise Broken(f"I13 {clone.name} cannot sync any more: {ended}")
            assert clone.share is not None
            kinds = {step.kind for step in clone.share.log}
            idle = idle and kinds <= {"list"}
            if cycle and len(simulation.clones) == 1 and "read" in kinds:
                raise Broken("I5 what this flowsync alone has written is read again")
        unchanged = unchanged + 1 if _state(simulation) == before else 0
        if unchanged and idle:
            return
        if unchanged > 1:  # the first may have read again what a deleted cache forgot
            raise Broken(f"I5 a cycle in which nothing changed made requests: {sorted(kinds)}")
    raise Broken(f"I4 not settled after {CYCLES} cycles")


def _decide(simulation: "Simulation") -> bool:
    """People settle what is in conflict; tells whether anything was."""
    decided = False
    for clone in simulation.clones:
        for result in clone.results:
            if result.did is Did.CONFLICT:
                take = simulation.random.choice((Take.OURS, Take.THEIRS))
                if not person.settle(simulation, clone, result.flow, take):
                    raise Broken(f"I13 {result.flow} is in conflict and cannot be resolved")
                decided = True
                break
        if decided:
            break
    return decided


def _judge(simulation: "Simulation") -> None:
    if left := simulation.store.leases():
        raise Broken(f"I9 leases are left: {sorted(left)}")
    if strays := [path for path in simulation.store.files(ROOT) if "/.flowsync/" in path]:
        raise Broken(f"I9 temporaries are left: {strays}")
    for clone in simulation.clones:
        if list(clone.journal.unfinished()):
            raise Broken(f"I5 {clone.name}: a journal is left")
    for flow in simulation.flows:
        _judge_flow(simulation, flow)
    secrets = [path for path in simulation.store.files(ROOT) if path.endswith(".env")]
    if secrets:
        raise Broken(f"I12 a secret left the repository: {secrets}")


def _judge_flow(simulation: "Simulation", flow: str) -> None:
    share = studio.files(simulation, flow)
    waiting = [clone for clone in simulation.clones if _waits(clone, flow)]
    alive = {token for token, owner in simulation.ledger.alive.items() if owner == flow}
    everywhere = _held(share)
    for clone in simulation.clones:
        here = _here(clone, flow)
        everywhere |= _held(here)
        _judge_base(clone, flow, waiting)
        if clone in waiting:
            continue
        known = clone.repo.refs.peek(f"refs/remotes/studio/{flow}") is not None
        if here != share and (DAG in {**share, **here} or known):  # a folder without a definition is no flow by itself
            raise Broken(f"I4 {flow} differs between {clone.name} and the share, and nothing says why")
    if lost := alive - everywhere:
        raise Broken(f"I2 {flow}: lost {sorted(lost)}")
    if not waiting and (back := _held(share) & simulation.ledger.dead.keys() - simulation.ledger.moved):
        raise Broken(f"I6 {flow}: back from the dead {sorted(back)}")


def _judge_base(clone: "Clone", flow: str, waiting: list["Clone"]) -> None:
    """I4: base, branch and tracking ref agree once nothing waits."""
    if clone in waiting:
        return
    standing = survey(clone.link).flows.get(FlowName(flow))
    if standing and standing.state.value != "in-sync":
        raise Broken(f"I13 {clone.name}: {flow} is {standing.state.value}, and the last sync did not say so")


def _waits(clone: "Clone", flow: str) -> bool:
    return any(result.flow == flow and result.did in WAITING for result in clone.results)


def _here(clone: "Clone", flow: str) -> dict[str, bytes]:
    top = f"flows/{flow}/"
    files = {path[len(top) :]: content for path, content in clone.repo.files().items() if path.startswith(top)}
    return {path: content for path, content in files.items() if not path.startswith(".")}


def _held(files: dict[str, bytes]) -> set[bytes]:
    return {token for content in files.values() for token in tokens(content)}
