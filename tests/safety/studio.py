"""What Studio does on the share: saves, adds, deletes; slow uploads that show NULs for a while."""

from typing import TYPE_CHECKING

from .tokens import tokens
from .watched_store import ROOT
from .writing import DAG, NAMES, edited, fresh, needs

if TYPE_CHECKING:
    from .simulation import Simulation


def first(simulation: "Simulation", flow: str) -> None:
    """A flow as Studio makes it."""
    for path in (DAG, *NAMES[: simulation.random.choice((1, 2))]):
        _save(simulation, flow, path, _new(simulation, path))


def act(simulation: "Simulation") -> None:
    """Studio does one thing."""
    chance = simulation.random
    flow = chance.choice(simulation.flows)
    there = files(simulation, flow)
    simulation.wait(chance.choice((0.01, 1, 40)))
    dice = chance.random()
    if not there or dice < 0.15:
        path = chance.choice(NAMES) if there else DAG
        if path not in there:
            _save(simulation, flow, path, _new(simulation, path))
            return
    path = chance.choice(sorted(there)) if there else DAG
    if dice < 0.72:
        _save(simulation, flow, path, edited(there.get(path, b""), simulation.ledger.fresh(), chance))
    elif dice < 0.8:
        _save(simulation, flow, path, b"\0" * 40)  # an upload begins; its content comes in a later save
    elif dice < 0.9 and path != DAG:
        simulation.tell(f"studio deletes {flow}/{path}")
        simulation.store.delete(f"{ROOT}/{flow}/{path}", None)
        simulation.ledger.wrote(flow, there[path], None)
    elif dice < 0.94:
        _move(simulation, flow, path, there)
    elif dice < 0.955:
        _delete_flow(simulation, flow, there)
    elif dice < 0.975:
        _rename_flow(simulation, flow, there)
    else:
        simulation.store.save(f"{ROOT}/{flow}/.promptflow/flow.log", b"secret")


def files(simulation: "Simulation", flow: str) -> dict[str, bytes]:
    """What the share holds of a flow, without what never syncs."""
    top = f"{ROOT}/{flow}"
    found = {path[len(top) + 1 :]: content for path, content in simulation.store.files(top).items()}
    return {path: content for path, content in found.items() if not path.startswith(".")}


def _new(simulation: "Simulation", path: str) -> bytes:
    return fresh(path, [simulation.ledger.fresh() for _ in range(needs(path))])


def _save(simulation: "Simulation", flow: str, path: str, content: bytes) -> None:
    before = files(simulation, flow).get(path)
    simulation.tell(f"studio saves {flow}/{path} {content!r}")
    simulation.store.save(f"{ROOT}/{flow}/{path}", content)
    simulation.ledger.wrote(flow, before, content)


def _move(simulation: "Simulation", flow: str, path: str, there: dict[str, bytes]) -> None:
    target = simulation.random.choice(NAMES)
    if path != DAG and target not in there:
        simulation.tell(f"studio renames {flow}/{path} to {target}")
        simulation.store.make_folders(f"{ROOT}/{flow}/{target}".rpartition("/")[0])
        simulation.store.rename(f"{ROOT}/{flow}/{path}", f"{ROOT}/{flow}/{target}", False, None)
        simulation.ledger.moved |= tokens(there[path])


def _rename_flow(simulation: "Simulation", flow: str, there: dict[str, bytes]) -> None:
    name = simulation.another_name(flow)
    if there and not simulation.store.is_folder(f"{ROOT}/{name}"):
        simulation.tell(f"studio renames the flow {flow} to {name}")
        simulation.store.rename_folder(f"{ROOT}/{flow}", f"{ROOT}/{name}")


def _delete_flow(simulation: "Simulation", flow: str, there: dict[str, bytes]) -> None:
    simulation.tell(f"studio deletes {flow}")
    for path, content in there.items():
        simulation.store.delete(f"{ROOT}/{flow}/{path}", None)
        simulation.ledger.wrote(flow, content, None)
    simulation.store.discard(f"{ROOT}/{flow}")
