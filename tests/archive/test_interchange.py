"""Export there, import here: in every combination of edits on both sides, the three-way result."""

import zipfile
from pathlib import Path

import pytest

from archive.clones import NOTES, clone, edited, notes, sha256, started, zipped
from world import Content, World

EDITS: dict[str, Content] = {
    "nothing": NOTES,
    "top": edited(1, "a new beginning"),
    "top-otherwise": edited(1, "another beginning"),
    "bottom": edited(12, "a new end"),
    "delete": None,
}
BOTH_ENDS = "".join(["a new beginning\n", *NOTES.splitlines(keepends=True)[1:-1], "a new end\n"])
OTHER_ENDS = BOTH_ENDS.replace("a new", "another", 1)
MERGED = {
    frozenset({"top", "bottom"}): BOTH_ENDS,
    frozenset({"top-otherwise", "bottom"}): OTHER_ENDS,
}
NEW: dict[str, Content] = {"nothing": None, "add": "one\n", "add-otherwise": "two\n"}


def edit(world: World, path: str, content: Content, before: Content) -> None:
    if content != before:
        world.commit({f"flows/chat/{path}": content})


def exchanged(here: World, there: World, file: Path, code: int) -> dict[str, object]:
    """Exports there, imports here, and returns what the import says."""
    there.ends(0, "export", "chat", "-o", str(file))
    return here.ends(code, "import", str(file), "--json").json["results"][0]  # type: ignore[no-any-return]


def check(here: World, file: Path, said: dict[str, object], tip: str | None, mine: str, theirs: str) -> None:
    """Checks the shape of history: linear unless both sides edited, and the archive's commit reachable."""
    parents = here.git("show", "-s", "--format=%P").split()
    if theirs == "nothing" or mine == theirs:
        assert said["did"] == "unchanged"
        assert here.tip() == tip
        return
    assert here.tip() == said["commit"]
    assert parents[0] == tip
    if mine == "nothing":
        assert said["did"] == "landed"
        assert len(parents) == 1
        archived = "HEAD"
    else:
        assert said["did"] == "merged"
        assert len(parents) == 2
        archived = parents[1]
    trailers = here.git("show", "-s", "--format=%(trailers)", archived)
    assert f"Flowsync-Archive: {file.name}" in trailers
    assert f"Flowsync-Archive-SHA256: {sha256(file)}" in trailers


@pytest.mark.parametrize("theirs", EDITS)
@pytest.mark.parametrize("mine", EDITS)
def test_edits_of_one_file(mine: str, theirs: str, world: World, tmp_path: Path) -> None:
    here, file = started(world), tmp_path / "chat.zip"
    there = clone(here, tmp_path / "there")
    edit(here, "notes.txt", EDITS[mine], NOTES)
    edit(there, "notes.txt", EDITS[theirs], NOTES)
    tip = here.tip()
    sides = frozenset({mine, theirs})
    clash = len(sides - {"nothing"}) == 2 and sides not in MERGED
    said = exchanged(here, there, file, 1 if clash else 0)
    if clash:
        assert said["did"] == "conflict"
        assert said["paths"] == ["notes.txt"]
        assert here.tip() == tip
        assert notes(here) == EDITS[mine]
        (kept,) = here.refs("refs/flowsync/kept/")
        assert notes(here, kept) == EDITS[theirs]
        here.ends(0, "import", str(file), "--theirs")
        assert notes(here) == EDITS[theirs]
        assert here.refs("refs/flowsync/kept/") == {}
        return
    expected = MERGED.get(sides) or EDITS[theirs if mine == "nothing" else mine]
    assert notes(here) == expected
    check(here, file, said, tip, mine, theirs)
    assert here.files()["README.md"] == b"read me\n"
    assert here.git("status", "--porcelain") == ""


@pytest.mark.parametrize("theirs", NEW)
@pytest.mark.parametrize("mine", NEW)
def test_a_new_file(mine: str, theirs: str, world: World, tmp_path: Path) -> None:
    here, file = started(world), tmp_path / "chat.zip"
    there = clone(here, tmp_path / "there")
    edit(here, "new.py", NEW[mine], None)
    edit(there, "new.py", NEW[theirs], None)
    tip = here.tip()
    clash = len({mine, theirs} - {"nothing"}) == 2
    said = exchanged(here, there, file, 1 if clash else 0)
    if clash:
        assert (said["did"], here.tip()) == ("conflict", tip)
        here.ends(0, "import", str(file), "--ours")
        assert here.here("chat")["new.py"] == str(NEW[mine]).encode()
        return
    found = here.here("chat").get("new.py")
    assert (found and found.decode()) == (NEW[theirs] if mine == "nothing" else NEW[mine])
    check(here, file, said, tip, mine, theirs)


@pytest.mark.parametrize("theirs", ["nothing", "top", "delete"])
def test_the_whole_flow_was_deleted_here(theirs: str, world: World, tmp_path: Path) -> None:
    here, file = started(world), tmp_path / "chat.zip"
    there = clone(here, tmp_path / "there")
    here.git("rm", "-rq", "flows/chat")
    here.git("commit", "-qm", "Drop chat")
    tip = here.tip()
    edit(there, "notes.txt", EDITS[theirs], NOTES)
    said = exchanged(here, there, file, 1)
    assert here.tip() == tip
    if theirs == "nothing":
        assert said["did"] == "held"
        assert "flowsync restore chat --at" in str(said["hold"])
        return
    assert said["did"] == "conflict"
    here.ends(0, "import", str(file), "--theirs")
    assert here.here("chat") == there.here("chat")


@pytest.mark.parametrize("mine", ["nothing", "top"])
def test_the_flow_is_new_here(mine: str, world: World, tmp_path: Path) -> None:
    world.commit({"README.md": "read me\n"})
    here, file = clone(world, tmp_path / "here"), tmp_path / "chat.zip"
    there = started(world)
    if mine != "nothing":
        here.commit({"flows/faq/flow.dag.yaml": "nodes: []\n"})
    tip = here.tip()
    said = exchanged(here, there, file, 0)
    assert said["did"] == "landed"
    assert here.here("chat") == there.here("chat")
    assert here.git("show", "-s", "--format=%P") == tip


def node(name: str, **more: str) -> str:
    lines = [f"- name: {name}", "  type: python", "  source:", "    type: code", f"    path: {name}.py", "  inputs:"]
    return "\n".join(lines + [f"    {key}: {value}" for key, value in {"x": "1", **more}.items()]) + "\n"


def graph(*nodes: str) -> str:
    return "inputs: {}\noutputs: {}\nnodes:\n" + "".join(nodes)


def test_both_edited_neighbouring_nodes_of_the_graph(world: World, tmp_path: Path) -> None:
    """Git would call these lines a conflict; the merge by node does not."""
    files = {f"flows/chat/{name}.py": "x = 1\n" for name in ("a", "b")}
    world.commit({"flows/chat/flow.dag.yaml": graph(node("a"), node("b")), **files})
    here, there = world, clone(world, tmp_path / "there")
    here.commit({"flows/chat/flow.dag.yaml": graph(node("a", y="2"), node("b"))})
    there.commit({"flows/chat/flow.dag.yaml": graph(node("a"), node("b", x="5"))})
    said = exchanged(here, there, tmp_path / "chat.zip", 0)
    assert said["did"] == "merged"
    assert here.here("chat")["flow.dag.yaml"].decode() == graph(node("a", y="2"), node("b", x="5"))


def test_three_rounds_to_and_fro(world: World, tmp_path: Path) -> None:
    """Archives go both ways; each finds the last state that both have had, although no commit was ever shared."""
    here, there, file = started(world), clone(world, tmp_path / "there"), tmp_path / "chat.zip"
    for number in range(1, 4):
        here.commit({"flows/chat/notes.txt": notes(here).replace(f"line {number}\n", f"here {number}\n")})  # type: ignore[union-attr]
        there.commit({"flows/chat/notes.txt": notes(there).replace(f"line {13 - number}\n", f"there {number}\n")})  # type: ignore[union-attr]
        assert exchanged(here, there, file, 0)["did"] == "merged"
        file.unlink()
        assert exchanged(there, here, file, 0)["did"] == "landed"  # what went there is known by its content
        file.unlink()
        assert notes(here) == notes(there)
    assert "here 3" in str(notes(there))
    assert "there 1" in str(notes(here))


@pytest.mark.parametrize("way", ["flowsync's comment", "a bare commit id"])
def test_an_archive_that_came_before_is_known(way: str, world: World, tmp_path: Path) -> None:
    """Its comment names an older base, yet all it holds was here and edited since: no conflict, nothing comes back."""
    here, there, file = started(world), clone(world, tmp_path / "there"), tmp_path / "chat.zip"
    there.commit({"flows/chat/notes.txt": edited(1, "first")})
    there.ends(0, "export", "chat", "-o", str(file))
    if way == "a bare commit id":
        with zipfile.ZipFile(file, "a") as archive:
            archive.comment = str(here.tip()).encode()
    here.ends(0, "import", str(file))
    here.commit({"flows/chat/notes.txt": edited(1, "edited since")})
    tip = here.tip()
    assert here.ends(0, "import", str(file), "--json").json["results"][0]["did"] == "unchanged"
    assert here.tip() == tip


def test_the_sender_amended_what_was_sent_before(world: World, tmp_path: Path) -> None:
    here, there, file = started(world), clone(world, tmp_path / "there"), tmp_path / "chat.zip"
    there.commit({"flows/chat/notes.txt": edited(1, "first try")})
    exchanged(here, there, file, 0)
    there.write({"flows/chat/notes.txt": edited(1, "second try")})
    there.git("commit", "--quiet", "--amend", "--all", "--no-edit")
    there.ends(0, "export", "chat", "-o", str(file), "--force")
    run = here.ends(1, "import", str(file), "--json")
    assert run.json["results"][0]["did"] == "conflict"  # it never knew of the first try: a person must look
    here.ends(0, "import", str(file), "--theirs")
    assert notes(here) == edited(1, "second try")


def test_two_repositories_that_share_nothing_but_content(world: World, tmp_path: Path, git_home: Path) -> None:
    """Both teams put the same download into Git, each for itself; the archive's states are matched by content."""
    here, file = started(world), tmp_path / "chat.zip"
    folder = tmp_path / "apart"
    folder.mkdir()
    there = World(folder, share=world.share)
    there.git("init", "--quiet")
    there.link()
    there.commit({"flows/chat/flow.dag.yaml": here.here("chat")["flow.dag.yaml"], "flows/chat/notes.txt": NOTES})
    here.commit({"flows/chat/notes.txt": EDITS["top"]})
    there.commit({"flows/chat/notes.txt": EDITS["bottom"]})
    assert exchanged(here, there, file, 0)["did"] == "merged"
    assert notes(here) == BOTH_ENDS


def test_what_studio_holds_goes_by_archive_too(world: World, tmp_path: Path) -> None:
    """A colleague without access gets Studio's state; later, both meet through the share and nothing is left."""
    here = started(world)
    here.sync()
    there = clone(here, tmp_path / "there")
    here.studio({"chat/notes.txt": EDITS["bottom"]})
    here.ends(0, "fetch")
    here.ends(0, "export", "chat", "--from", "studio", "-o", str(tmp_path / "chat.zip"))
    there.commit({"flows/chat/notes.txt": EDITS["top"]})
    there.ends(0, "import", str(tmp_path / "chat.zip"))
    assert notes(there) == BOTH_ENDS
    there.sync()
    assert there.there("chat") == there.here("chat")
    assert there.states() == {"chat": "in-sync"}


def test_an_import_goes_to_studio_with_the_next_push(world: World, tmp_path: Path) -> None:
    here = started(world)
    here.sync()
    there = clone(here, tmp_path / "there")
    there.commit({"flows/chat/notes.txt": EDITS["top"]})
    exchanged(here, there, tmp_path / "chat.zip", 0)
    assert here.states() == {"chat": "local-ahead"}
    here.sync()
    assert here.there("chat")["notes.txt"].decode() == EDITS["top"]


def test_a_fetched_save_of_studio_is_never_undone_by_an_archive(world: World, tmp_path: Path) -> None:
    """The archive equals what Studio holds and the branch lacks: it lands, and is not taken for known and undone."""
    here = started(world)
    here.sync()
    here.studio({"chat/notes.txt": EDITS["bottom"]})
    here.ends(0, "fetch")
    file = tmp_path / "chat.zip"
    here.ends(0, "export", "chat", "--from", "studio", "-o", str(file))
    (tmp_path / "download").mkdir()
    stranger = zipped(tmp_path / "download" / "chat.zip", here.here("chat", "studio/chat"))  # no comment
    for archive, revision in ((file, []), (stranger, []), (file, ["--base", "studio/chat"])):
        run = here.ends(0, "import", str(archive), *revision, "--dry-run", "--json")
        assert (run.json["results"][0]["did"], run.json["results"][0]["paths"]) == ("landed", ["notes.txt"])
    here.ends(0, "import", str(stranger), "--base", "studio/chat")
    here.sync()
    assert here.there("chat")["notes.txt"].decode() == EDITS["bottom"] == notes(here)
