"""A folder of old downloads becomes history again."""

from pathlib import Path

from archive.clones import NOTES, edited, notes, started, zipped
from world import DAG, World

MONTHS = {1: "one\n", 2: "two\n", 3: "three\n"}


def downloads(folder: Path, months: dict[int, str] = MONTHS) -> Path:
    """One download a month, named so that their names tell nothing of their order."""
    folder.mkdir(exist_ok=True)
    for month, text in months.items():
        files = {"flow.dag.yaml": DAG, "notes.txt": text}
        zipped(
            folder / f"{9 - month} (1).zip",
            {f"chat/{path}": text for path, text in files.items()},
            (2025, month, 5, 1, 2, 4),
        )
    return folder


def history(world: World, *more: str) -> list[str]:
    return world.git("log", "--format=%as %s", *more, "--", "flows/chat").splitlines()


def test_oldest_first_with_the_dates_of_the_newest_entry(world: World, tmp_path: Path) -> None:
    run = world.ends(0, "import", "--series", str(downloads(tmp_path / "old")), "--json")
    (row,) = run.json["results"]
    assert (row["flow"], row["did"], row["commit"]) == ("chat", "landed", world.tip())
    assert history(world) == [
        "2025-03-05 chat: import 6 (1).zip",
        "2025-02-05 chat: import 7 (1).zip",
        "2025-01-05 chat: import 8 (1).zip",
    ]
    assert [notes(world, f"HEAD~{back}") for back in range(3)] == ["three\n", "two\n", "one\n"]
    assert world.git("rev-list", "--merges", "HEAD") == ""


def test_a_second_time_nothing_is_left_to_do(world: World, tmp_path: Path) -> None:
    folder = downloads(tmp_path / "old")
    world.ends(0, "import", "--series", str(folder))
    tip = world.tip()
    (row,) = world.ends(0, "import", "--series", str(folder), "--json").json["results"]
    assert (row["did"], world.tip()) == ("unchanged", tip)


def test_newer_ones_go_on_from_the_state_that_is_known(world: World, tmp_path: Path) -> None:
    world.commit({"flows/chat/flow.dag.yaml": DAG, "flows/chat/notes.txt": "three\n"})
    folder = downloads(tmp_path / "old", {**MONTHS, 4: "four\n", 5: "five\n"})
    world.commit({"flows/chat/mine.py": "x\n"})
    rows = world.ends(0, "import", "--series", str(folder), "--json").json["results"]
    assert [row["did"] for row in rows] == ["merged", "merged"]
    assert notes(world) == "five\n"
    assert world.here("chat")["mine.py"] == b"x\n"
    full = history(world, "--full-history")
    assert sorted((line for line in full if line.startswith("2025")), reverse=True) == [
        "2025-05-05 chat: import 4 (1).zip",
        "2025-04-05 chat: import 5 (1).zip",
        "2025-02-05 chat: import 7 (1).zip",
        "2025-01-05 chat: import 8 (1).zip",
    ]
    tip = world.tip()
    world.ends(0, "import", "--series", str(folder))
    assert world.tip() == tip


def test_older_ones_join_beside_and_change_nothing(world: World, tmp_path: Path) -> None:
    world.commit({"flows/chat/flow.dag.yaml": DAG, "flows/chat/notes.txt": "three\n"})
    world.commit({"flows/chat/notes.txt": "today\n"})
    tree = world.git("rev-parse", "HEAD^{tree}")
    world.ends(0, "import", "--series", str(downloads(tmp_path / "old")))
    assert world.git("rev-parse", "HEAD^{tree}") == tree
    assert sum(line.startswith("2025") for line in history(world, "--full-history")) == 2
    assert world.reaches("one\n")


def test_what_is_not_known_is_asked(world: World, tmp_path: Path) -> None:
    started(world)
    tip = world.tip()
    folder = downloads(tmp_path / "old")
    (row,) = world.ends(1, "import", "--series", str(folder), "--json").json["results"]
    assert (row["did"], world.tip()) == ("held", tip)
    assert f"flowsync import --series {folder} --base" in row["choices"][0]["command"].replace("'", "")
    world.ends(0, "import", "--series", str(folder), "--base", "HEAD")
    assert notes(world) == "three\n"


def test_one_that_is_refused_lets_none_in(world: World, tmp_path: Path) -> None:
    folder = downloads(tmp_path / "old")
    (folder / "zz.zip").write_bytes(b"not a zip")
    tip = world.tip()
    assert "zz.zip is refused" in world.ends(2, "import", "--series", str(folder)).err
    assert world.tip() == tip


def test_names_of_files_are_no_names_of_flows(world: World, tmp_path: Path) -> None:
    files = [
        str(
            zipped(tmp_path / f"chat-{month}.zip", {"flow.dag.yaml": DAG, "notes.txt": text}, (2025, month, 5, 0, 0, 0))
        )
        for month, text in MONTHS.items()
    ]
    assert "--flow" in world.ends(2, "import", "--series", *files).err
    world.ends(0, "import", "--series", *files, "--flow", "chat")
    assert [notes(world, f"HEAD~{back}") for back in range(3)] == ["three\n", "two\n", "one\n"]


def test_exports_of_ours_are_a_series_too(world: World, tmp_path: Path) -> None:
    started(world)
    world.commit({"flows/chat/notes.txt": edited(1, "newer")})
    for revision in ("HEAD", "HEAD~1"):
        world.ends(0, "export", "chat", "--rev", revision, "-o", str(tmp_path / f"{revision}.zip"))
    apart = World(tmp_path / "apart", share=world.share)
    apart.folder.mkdir()
    apart.git("init", "--quiet")
    apart.link()
    apart.ends(0, "import", "--series", str(tmp_path / "HEAD.zip"), str(tmp_path / "HEAD~1.zip"))
    assert {notes(apart, "HEAD~1"), notes(apart, "HEAD")} == {NOTES, edited(1, "newer")}
