"""A renaming: every request of it fails once, and a neighbour strikes between any two of them.

Whatever happens, the content is under one of the two names (or is the neighbour's), what is said is true, and no lease
is left.
"""

import itertools
from collections.abc import Iterator

import pytest

from flowsync.errors import ShareError
from flowsync.share.base import Failed, Listing, Outcome, Stale, Version, Written
from flowsync.share.memory import Fault, MemoryShare, Step
from flowsync.share.memory_store import Store

from .test_azure_faults import KINDS, strike
from .test_races import Neighbour, exact, in_place, only
from .worlds import ROOT, AzureWorld, FolderWorld, World, counted, shift

BEFORE, THEIRS = b"before: what was there", b"theirs: the neighbour's"


def versions(share: object) -> dict[str, Version]:
    found = share.list([""])[""]  # type: ignore[attr-defined]
    assert isinstance(found, Listing)
    return dict(found.files)


def go(share: MemoryShare, expect: Version) -> Outcome | ShareError:
    try:
        (outcome,) = share.rename([shift("a.py", "b.py", expect)])
    except ShareError as error:
        return error
    return outcome


def steps() -> Iterator[tuple[str, int]]:
    """The requests of a renaming, each with its number among those of its kind."""
    store = Store()
    version = store.save("a.py", BEFORE)
    share = MemoryShare(store)
    assert isinstance(go(share, version), Written)
    kinds = [step.kind for step in share.log]
    assert kinds == ["acquire", "look", "rename", "release"]
    return ((kind, kinds[: at + 1].count(kind)) for at, kind in enumerate(kinds))


@pytest.mark.parametrize("retries", [0, 1])
@pytest.mark.parametrize(("step", "after"), list(itertools.product(steps(), (False, True))))
def test_a_request_fails(step: tuple[str, int], after: bool, retries: int) -> None:
    store = Store()
    version = store.save("a.py", BEFORE)
    share = MemoryShare(store, retries=retries)
    share.faults.append(Fault(step[0], step[1], after=after))  # type: ignore[arg-type]
    outcome = go(share, version)
    there = store.files()
    if retries or isinstance(outcome, Written):
        assert isinstance(outcome, Written) and there == {"b.py": BEFORE}
        assert versions(MemoryShare(store)) == {"b.py": outcome.version}
    else:
        assert isinstance(outcome, Failed | ShareError) and there == {"a.py": BEFORE}, outcome
    share.close()
    assert store.leases() == {}


def test_a_lost_answer_that_stays_lost_is_given_back_by_the_next_run() -> None:
    store = Store()
    version = store.save("a.py", BEFORE)
    share = MemoryShare(store, retries=0)

    def vanish(step: Step) -> None:
        if step.kind == "rename":
            share.faults += [Fault("rename", after=True), *(Fault(kind, times=99) for kind in ("look", "release"))]  # type: ignore[arg-type]

    share.hook = vanish
    assert isinstance(go(share, version), Failed | ShareError)
    assert store.files() == {"b.py": BEFORE} and store.leases().keys() == {"b.py"}
    assert share.owed().keys() >= {"b.py"}
    MemoryShare(store).release(share.owed())
    assert store.leases() == {}


@pytest.mark.parametrize("kind", KINDS)
def test_any_request_to_azure_may_fail_once(azure: AzureWorld, kind: str) -> None:
    for number in range(100):
        for path in [*azure.files()]:
            azure.discard(path)
        azure.save("a.py", BEFORE)
        strike(azure, kind, skip=number)
        with azure.open() as share:
            outcome = only(share.rename([shift("a.py", "b.py", versions(share)["a.py"])]))
            struck = azure.emulator.faults.rules()[0].hits
            azure.emulator.faults.clear()
            assert isinstance(outcome, Written), (number, outcome)
            assert versions(share) == {"b.py": outcome.version}
        assert azure.files() == {"b.py": BEFORE} and azure.leases() == {}
        if not struck:
            assert number >= 5
            return
    raise AssertionError("the run has no end")


def test_it_is_four_requests(azure: AzureWorld) -> None:
    azure.save("a.py", BEFORE)
    with azure.open() as share:
        found = versions(share)["a.py"]
        counted(azure)
        assert isinstance(only(share.rename([shift("a.py", "b.py", found)])), Written)
        assert counted(azure) == {"acquire_lease": 1, "head_file": 1, "rename_file": 1, "release_lease": 1}


@pytest.mark.parametrize("name", ["a.py", "b.py"])
@pytest.mark.parametrize("way", ["saves", "writes in place"])
def test_against_a_neighbour_that_writes_either_name(world: World, name: str, way: str) -> None:
    if way == "writes in place" and (not isinstance(world, FolderWorld) or name == "b.py"):
        pytest.skip("a way of folders, with a file that is there")
    if not exact(world):
        pytest.skip("documented: this file system keeps a small window")
    seen = set()
    with world.open() as share:
        for step in range(100):
            for path in ("a.py", "b.py"):
                world.discard(path)
            world.save("a.py", BEFORE)
            expect = versions(share)["a.py"]
            act = in_place(world) if way == "writes in place" else lambda: world.save(name, THEIRS)
            neighbour = Neighbour(step, act)
            with world.between(neighbour):
                outcome = only(share.rename([shift("a.py", "b.py", expect)]))
            there = world.files()
            assert world.leases() == {}
            if neighbour.did is None:
                assert outcome == Written("b.py", versions(share)["b.py"]) and there == {"b.py": BEFORE}
                break
            seen.add((type(outcome), neighbour.did))
            if neighbour.did:
                assert THEIRS in there.values(), (step, outcome, there)
            if BEFORE not in there.values():  # by the neighbour's own hand, never by ours
                assert neighbour.did
            if isinstance(outcome, Written):
                assert there.get("b.py") == BEFORE or outcome.version != versions(share)["b.py"]
            else:
                assert there.get("a.py") or neighbour.did
    assert (Stale, True) in seen


def test_a_folder_is_renamed_with_all_that_is_in_it(world: World) -> None:
    for path in ("chat/a.py", "chat/sub/b.py", "chat/.promptflow/flow.log"):
        world.save(path, BEFORE)
    with world.open() as share:
        before = {path: share.list([path])[path] for path in ("chat", "chat/sub")}
        assert share.rename_folder("chat", "talk")
        for path, listing in before.items():
            now = share.list([path.replace("chat", "talk")])[path.replace("chat", "talk")]
            assert isinstance(listing, Listing) and isinstance(now, Listing)
            assert now.files.keys() == listing.files.keys()
            for name, version in now.files.items():
                old = listing.files[name]
                assert (version.file_id, version.written, version.size) == (old.file_id, old.written, old.size)
        assert not share.rename_folder("chat", "nope")
    assert set(world.files()) == {"talk/a.py", "talk/sub/b.py", "talk/.promptflow/flow.log"}


def test_a_folder_takes_no_other_s_place(world: World) -> None:
    world.save("chat/a.py", BEFORE)
    world.save("talk/a.py", THEIRS)
    world.save("file", THEIRS)
    with world.open() as share:
        share.make_folders(["empty"])
        for target in ("talk", "file", "empty", "nope/deeper"):
            assert not share.rename_folder("chat", target), target
        assert not share.rename_folder("file", "other")
        share.remove_folders(["empty"])
    assert world.files() == {"chat/a.py": BEFORE, "talk/a.py": THEIRS, "file": THEIRS}


@pytest.mark.parametrize("kind", KINDS)
def test_any_request_of_a_folder_s_renaming_may_fail_once(azure: AzureWorld, kind: str) -> None:
    for number in range(10):
        azure.save("chat/a.py", BEFORE)
        strike(azure, kind, skip=number)
        with azure.open() as share:
            assert share.rename_folder("chat", "talk"), number
            struck = azure.emulator.faults.rules()[0].hits
            azure.emulator.faults.clear()
            assert azure.files() == {"talk/a.py": BEFORE}
            assert share.rename_folder("talk", "chat")
        if not struck:
            assert number == 2
            return
    raise AssertionError("the run has no end")


def test_a_leased_file_is_renamed_by_nobody_else_on_the_fake_as_on_the_service(azure: AzureWorld) -> None:
    """The fake let Studio rename a file away while flowsync held its lease, and the lease went with it."""
    from azure.core.exceptions import HttpResponseError
    from azure.storage.fileshare import ShareClient

    store = Store()
    store.save("a.py", BEFORE)
    store.acquire("a.py", "ours")
    for carried, code in ((None, "LeaseIdMissing"), ("other", "LeaseIdMismatchWithFileOperation")):
        with pytest.raises(ShareError) as refused:
            store.rename("a.py", "b.py", False, None, carried)
        assert refused.value.code == code
    store.rename("a.py", "b.py", False, None, "ours")
    assert store.leases() == {"b.py": "ours"}

    azure.save("a.py", BEFORE)
    emulator = azure.emulator
    client = ShareClient.from_connection_string(emulator.connection_string, azure.share, retry_total=0)
    file = client.get_file_client(f"{ROOT}/a.py")
    lease = file.acquire_lease()
    with pytest.raises(HttpResponseError, match="LeaseIdMissing"):
        file.rename_file(f"{ROOT}/b.py")
    moved = file.rename_file(f"{ROOT}/b.py", source_lease=lease)
    assert moved.get_file_properties()["lease"]["status"] == "locked"
    lease_now = azure.leases()
    assert len(lease_now) == 1
