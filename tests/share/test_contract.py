"""What every backend promises: the rules of ``flowsync.share.base``, one by one."""

import os
import threading
from collections.abc import Sequence

import pytest

from flowsync.errors import ShareError, ShareMissing
from flowsync.share.base import Content, Failed, Listing, Outcome, Put, Removed, Share, Stale, Version, Written

from .worlds import World, drop, put, shift

NAMES = [
    "plain.py",
    "two words.md",
    "100%.txt",
    "a+b.txt",
    "a#b.txt",
    "a&b=c;d.txt",
    "%41.txt",
    "quote'.txt",
    "[x](y){z}~!@$^`,.txt",
    "Grüße.txt",
    "日本語.jinja2",
    "emoji-🚀.md",
    ".hidden",
    "x" * 200,
]


def listing(share: Share, folder: str = "") -> Listing:
    found = share.list([folder])[folder]
    assert isinstance(found, Listing), found
    return found


def one(outcomes: Sequence[Outcome]) -> Outcome:
    (outcome,) = outcomes
    return outcome


def write(share: Share, *puts: Put) -> list[Outcome]:
    return list(share.write(puts))


def written(share: Share, path: str, content: bytes, expect: Version | None = None) -> Version:
    outcome = one(write(share, put(path, content, expect)))
    assert isinstance(outcome, Written), outcome
    return outcome.version


def read(share: Share, *paths: str) -> dict[str, bytes]:
    result = {}
    for content in share.read(paths):
        assert isinstance(content, Content), content
        with content.data as data:
            result[content.path] = data.read()
        assert content.version.size == len(result[content.path])
    return result


# Rules 1 and 2: batches, paths


def test_a_batch_has_an_outcome_for_every_path(world: World) -> None:
    with world.open() as share:
        share.make_folders(["chat"])
        paths = {f"chat/{number}.py": f"# {number}".encode() for number in range(50)}
        outcomes = write(share, *(put(path, content, None) for path, content in paths.items()))
        assert {outcome.path for outcome in outcomes} == paths.keys()
        assert all(isinstance(outcome, Written) for outcome in outcomes)
        assert read(share, *paths) == paths
        versions = {o.path: o.version for o in outcomes if isinstance(o, Written)}
        assert {f"chat/{name}": version for name, version in listing(share, "chat").files.items()} == versions
        gone = list(share.remove([drop(path, version) for path, version in versions.items()]))
        assert sorted(o.path for o in gone if isinstance(o, Removed)) == sorted(paths)
    assert world.files() == {}


@pytest.mark.parametrize("name", NAMES)
def test_any_name_that_the_share_allows(world: World, name: str) -> None:
    with world.open() as share:
        share.make_folders([f"{name}.d"])
        version = written(share, f"{name}.d/{name}", b"1")
        found = listing(share, f"{name}.d")
        assert found.files == {name: version} and found.problems == {}
        assert listing(share).folders.keys() == {f"{name}.d"}
        version = written(share, f"{name}.d/{name}", b"22", version)
        assert read(share, f"{name}.d/{name}") == {f"{name}.d/{name}": b"22"}
        assert one(list(share.remove([drop(f"{name}.d/{name}", version)]))) == Removed(f"{name}.d/{name}")
        share.remove_folders([f"{name}.d"])
    assert world.files() == {} and world.folders() == set()


@pytest.mark.parametrize(
    "path", ["../up", "a/../../up", "a\\b", "/absolute", "a//b", "", "nul", "a:b", "dot.", "x" * 256]
)
def test_a_path_that_no_share_can_hold_fails_alone(world: World, path: str) -> None:
    world.save("there.py", b"1")
    with world.open() as share:
        outcomes = {
            outcome.path: outcome for outcome in write(share, put(path, b"x", None), put("good.py", b"y", None))
        }
        assert isinstance(outcomes[path], Failed) and isinstance(outcomes["good.py"], Written)
        assert isinstance(one(list(share.read([path]))), Failed)  # type: ignore[list-item]
        assert isinstance(one(list(share.remove([drop(path, Version("1", 1))]))), Failed)
    assert world.files() == {"there.py": b"1", "good.py": b"y"}


def test_versions_have_size_and_time(world: World) -> None:
    world.save("a.py", b"12345")
    with world.open() as share:
        version = listing(share).files["a.py"]
        assert version.size == 5
        assert version.written.startswith("20") and version.written.endswith("Z") and len(version.written) == 28
        assert version.file_id
        (content,) = share.read(["a.py"])
        assert isinstance(content, Content) and content.version == version
        assert (content.version.written, content.version.file_id) == (version.written, version.file_id)
        content.data.close()


# Rule 3: listings


def test_a_listing_is_one_level_deep(world: World) -> None:
    for path in ("a.py", "chat/flow.dag.yaml", "chat/deep/er/x.py"):
        world.save(path, b"1")
    with world.open() as share:
        found = share.list(["", "chat", "chat/deep"])
        names = {path: (set(one.files), set(one.folders)) for path, one in found.items() if isinstance(one, Listing)}
        assert names == {"": ({"a.py"}, {"chat"}), "chat": ({"flow.dag.yaml"}, {"deep"}), "chat/deep": (set(), {"er"})}


def test_an_empty_folder_is_an_empty_listing(world: World) -> None:
    with world.open() as share:
        assert listing(share) == Listing({}, {}, {})


def test_a_missing_folder_is_missing_and_the_others_are_listed(world: World) -> None:
    world.save("chat/a.py", b"1")
    with world.open() as share:
        found = share.list(["nope", "chat", "nope/deeper"])
        assert isinstance(found["nope"], ShareMissing) and isinstance(found["nope/deeper"], ShareMissing)
        assert isinstance(found["chat"], Listing)


def test_a_missing_root_is_missing(world: World) -> None:
    world.remove_root()
    with world.open() as share:
        try:
            found = share.list([""])[""]
        except ShareMissing:
            return
        assert isinstance(found, ShareMissing)


def test_a_version_in_a_listing_moves_with_the_file(world: World) -> None:
    world.save("a.py", b"1")
    with world.open() as share:
        first = listing(share).files["a.py"]
        assert listing(share).files["a.py"] == first
        world.save("a.py", b"2")
        second = listing(share).files["a.py"]
        assert second != first
        world.save("a.py", b"2")  # the same content again is another save
        assert listing(share).files["a.py"] != second


# Reading


def test_reading_gives_the_bytes_and_their_version(world: World) -> None:
    contents = {
        "empty": b"",
        "zeros": bytes(300),
        "crlf": b"a\r\nb\r\n",
        "binary": bytes(range(256)) * 40,
        "bom": b"\xef\xbb\xbf1",
    }
    for path, content in contents.items():
        world.save(path, content)
    with world.open() as share:
        assert read(share, *contents) == contents
        versions = listing(share).files
        for content in share.read(list(contents)):
            assert isinstance(content, Content)
            assert content.version == versions[content.path]
            content.data.close()


def test_an_empty_file_that_is_known_costs_no_request(world: World) -> None:
    world.save("empty", b"")
    with world.open() as share:
        known = listing(share).files
        before = share.requests
        (content,) = share.read(["empty"], known)
        assert isinstance(content, Content) and content.data.read() == b"" and content.version == known["empty"]
        content.data.close()
        if type(share).__name__ != "FolderShare":
            assert share.requests == before


def test_what_cannot_be_read_fails_alone(world: World) -> None:
    world.save("a.py", b"1")
    world.save("chat/b.py", b"2")
    with world.open() as share:
        found = {content.path: content for content in share.read(["a.py", "nope", "nope/deeper", "chat"])}
        for path in ("nope", "nope/deeper"):
            failed = found[path]
            assert isinstance(failed, Failed) and isinstance(failed.error, ShareMissing)
        assert isinstance(found["chat"], Failed)
        assert isinstance(found["a.py"], Content)
        found["a.py"].data.close()


def test_a_large_file_goes_and_comes(world: World) -> None:
    content = os.urandom(20 * 1024 * 1024 + 3)
    with world.open() as share:
        version = written(share, "large.bin", content)
        assert version.size == len(content)
        assert read(share, "large.bin") == {"large.bin": content}
        other = content[1:] + b"x"
        written(share, "large.bin", other, version)
        assert world.files() == {"large.bin": other}


def test_an_empty_file_goes_and_comes(world: World) -> None:
    with world.open() as share:
        version = written(share, "empty", b"")
        assert read(share, "empty") == {"empty": b""}
        version = written(share, "empty", b"full", version)
        version = written(share, "empty", b"", version)
        assert read(share, "empty") == {"empty": b""} and version.size == 0


# Rule 4: guarded writes and removals


@pytest.mark.parametrize("mode", ["inline", "replace"])
def test_a_write_replaces_the_expected_version(world: World, mode: str) -> None:
    world.save("a.py", b"theirs")
    with world.open(mode) as share:
        expected = listing(share).files["a.py"]
        version = written(share, "a.py", b"ours", expected)
        assert version != expected
        assert listing(share).files == {"a.py": version}
    assert world.files() == {"a.py": b"ours"} and world.leases() == {}


@pytest.mark.parametrize("mode", ["inline", "replace"])
def test_a_write_onto_another_version_is_stale(world: World, mode: str) -> None:
    world.save("a.py", b"1")
    with world.open(mode) as share:
        expected = listing(share).files["a.py"]
        world.save("a.py", b"2")
        now = listing(share).files["a.py"]
        assert one(write(share, put("a.py", b"ours", expected))) == Stale("a.py", now)
        assert one(list(share.remove([drop("a.py", expected)]))) == Stale("a.py", now)
    assert world.files() == {"a.py": b"2"} and world.leases() == {}


@pytest.mark.parametrize("mode", ["inline", "replace"])
def test_a_write_onto_a_file_that_is_gone_is_stale(world: World, mode: str) -> None:
    world.save("a.py", b"1")
    with world.open(mode) as share:
        expected = listing(share).files["a.py"]
        world.discard("a.py")
        assert one(write(share, put("a.py", b"ours", expected))) == Stale("a.py", None)
        assert one(list(share.remove([drop("a.py", expected)]))) == Stale("a.py", None)
    assert world.files() == {}


def test_a_new_file_where_one_appeared_is_stale(world: World) -> None:
    world.save("a.py", b"theirs")
    with world.open() as share:
        now = listing(share).files["a.py"]
        assert one(write(share, put("a.py", b"ours", None))) == Stale("a.py", now)
    assert world.files() == {"a.py": b"theirs"}


def test_a_new_file_that_differs_in_case_only_is_stale_where_case_does_not_count(world: World) -> None:
    world.save("Chat.py", b"theirs")
    with world.open() as share:
        outcome = one(write(share, put("chat.py", b"ours", None)))
        if world.case_sensitive:
            assert isinstance(outcome, Written)
        else:
            assert outcome == Stale("chat.py", listing(share).files["Chat.py"])
            assert world.files() == {"Chat.py": b"theirs"}


def test_a_new_file_in_a_folder_that_is_not_there_fails(world: World) -> None:
    with world.open() as share:
        outcome = one(write(share, put("nope/a.py", b"ours", None)))
        assert isinstance(outcome, Failed) and isinstance(outcome.error, ShareMissing)
    assert world.files() == {}


def test_a_file_where_a_folder_is_fails(world: World) -> None:
    world.save("chat/a.py", b"1")
    with world.open() as share:
        assert isinstance(one(write(share, put("chat", b"ours", None))), Failed)
        assert isinstance(one(write(share, put("chat/a.py/b", b"ours", None))), Failed)
    assert world.files() == {"chat/a.py": b"1"}


def test_content_of_another_size_than_announced_is_refused(world: World) -> None:
    world.save("a.py", b"1")
    with world.open() as share:
        expected = listing(share).files["a.py"]
        short, long = put("a.py", b"12", expected), put("b.py", b"12345", None)
        wrong = [Put(p.path, 3, p.open, p.expect, p.lease) for p in (short, long)]
        assert [type(outcome) for outcome in write(share, *wrong)] == [Failed, Failed]
    assert world.files() == {"a.py": b"1"} and world.leases() == {}


def test_a_deleted_file_is_gone(world: World) -> None:
    world.save("a.py", b"1")
    with world.open() as share:
        assert one(list(share.remove([drop("a.py", listing(share).files["a.py"])]))) == Removed("a.py")
        assert listing(share).files == {}


def test_a_renamed_file_keeps_its_content_and_its_id(world: World) -> None:
    world.save("chat/a.py", b"1")
    with world.open() as share:
        share.make_folders(["chat/deep"])
        expected = listing(share, "chat").files["a.py"]
        outcome = one(list(share.rename([shift("chat/a.py", "chat/deep/b.py", expected)])))
        assert isinstance(outcome, Written) and outcome.path == "chat/deep/b.py"
        assert listing(share, "chat/deep").files == {"b.py": outcome.version}
        assert outcome.version.file_id == expected.file_id and outcome.version.written == expected.written
        assert outcome.version.size == 1
        written(share, "chat/deep/b.py", b"2", outcome.version)  # the version is one to build on
    assert world.files() == {"chat/deep/b.py": b"2"} and world.leases() == {}


def test_a_renaming_of_another_version_is_stale(world: World) -> None:
    world.save("a.py", b"1")
    with world.open() as share:
        expected = listing(share).files["a.py"]
        world.save("a.py", b"2")
        assert one(list(share.rename([shift("a.py", "b.py", expected)]))) == Stale("b.py", None)
        assert world.files() == {"a.py": b"2"}
        world.discard("a.py")
        assert one(list(share.rename([shift("a.py", "b.py", expected)]))) == Stale("b.py", None)
    assert world.files() == {} and world.leases() == {}


def test_a_renaming_replaces_nothing(world: World) -> None:
    world.save("a.py", b"1")
    world.save("b.py", b"theirs")
    with world.open() as share:
        found = listing(share).files
        assert one(list(share.rename([shift("a.py", "b.py", found["a.py"])]))) == Stale("b.py", found["b.py"])
    assert world.files() == {"a.py": b"1", "b.py": b"theirs"} and world.leases() == {}


def test_a_renaming_into_a_folder_that_is_not_there_fails_alone(world: World) -> None:
    world.save("a.py", b"1")
    world.save("b.py", b"2")
    with world.open() as share:
        found = listing(share).files
        moves = [shift("a.py", "nope/a.py", found["a.py"]), shift("b.py", "c.py", found["b.py"])]
        outcomes = {outcome.path: outcome for outcome in share.rename(moves)}
        assert isinstance(outcomes["nope/a.py"], Failed) and isinstance(outcomes["c.py"], Written)
        wrong = [shift("a.py", "../up", found["a.py"]), shift("nope/a.py", "d.py", found["a.py"])]
        assert [type(outcome) for outcome in share.rename(wrong)] == [Failed, Stale]
    assert world.files() == {"a.py": b"1", "c.py": b"2"} and world.leases() == {}


def test_two_clients_agree_on_versions(world: World) -> None:
    with world.open() as share, world.open() as other:
        version = written(share, "a.py", b"1")
        version = written(other, "a.py", b"2", version)
        assert one(write(share, put("a.py", b"3", Version("older", 1)))) == Stale("a.py", version)
        written(share, "a.py", b"3", version)
    assert world.files() == {"a.py": b"3"}


def test_no_reader_sees_a_mixture(world: World) -> None:
    old, new = b"a" * 100_000, b"b" * 100_000
    world.save("a.py", old)
    torn: list[bytes] = []
    stop = threading.Event()

    def watch() -> None:
        with world.open() as reader:
            while not stop.is_set():
                for content in reader.read(["a.py"]):
                    if isinstance(content, Content):
                        with content.data as data:
                            torn.extend({data.read()} - {old, new})
                    elif isinstance(content.error, ShareMissing):
                        torn.append(b"missing")

    watcher = threading.Thread(target=watch)
    with world.open() as share:
        version = listing(share).files["a.py"]
        watcher.start()
        try:
            for number in range(40):
                version = written(share, "a.py", new if number % 2 else old, version)
        finally:
            stop.set()
            watcher.join()
    assert torn == []


# Rule 6: temporaries


@pytest.mark.parametrize("mode", ["inline", "replace"])
def test_temporaries_go_when_the_share_is_closed_and_are_never_listed(world: World, mode: str) -> None:
    world.save("a.py", b"1")
    with world.open(mode) as share:
        version = listing(share).files["a.py"]
        write(
            share, put("a.py", b"2", version), put("b.py", b"3", None), put("a.py", b"x", None), put("no/c", b"", None)
        )
        assert set(listing(share).folders) == set()
    assert set(world.files()) == {"a.py", "b.py"} and world.folders() == set()


def test_a_session_leaves_alone_what_is_not_its_own(world: World) -> None:
    world.save(".flowsync/another-run", b"1")
    with world.open() as share:
        written(share, "a.py", b"1")
    assert world.files() == {"a.py": b"1", ".flowsync/another-run": b"1"}


def test_release_removes_the_temporaries_of_a_dead_run_and_no_others(world: World) -> None:
    world.save("a.py", b"1")
    world.save(".flowsync/dead", b"1")
    world.save(".flowsync/alive", b"1")
    with world.open() as share:
        share.release({"a.py": "dead", "gone.py": "never-used"})
        assert world.files() == {"a.py": b"1", ".flowsync/alive": b"1"}
        world.discard(".flowsync/alive")
        share.release({"a.py": "dead"})
    assert world.files() == {"a.py": b"1"} and world.folders() == set()


# Folders


def test_folders_are_made_with_their_parents_and_may_be_there(world: World) -> None:
    with world.open() as share:
        share.make_folders(["chat/src/deep", "eval", "chat"])
        share.make_folders(["chat/src"])
        assert world.folders() == {"chat", "chat/src", "chat/src/deep", "eval"}


def test_only_empty_folders_are_removed_deepest_first(world: World) -> None:
    world.save("kept/a.py", b"1")
    with world.open() as share:
        share.make_folders(["chat/src/deep", "kept/empty"])
        share.remove_folders(["chat", "chat/src", "chat/src/deep", "kept", "kept/empty", "nope", "nope/deeper"])
    assert world.folders() == {"kept"} and world.files() == {"kept/a.py": b"1"}


@pytest.mark.parametrize("path", ["../up", "a/../../up", "con", "a:b"])
def test_a_folder_that_no_share_can_hold_is_refused(world: World, path: str) -> None:
    with world.open() as share, pytest.raises(ShareError):
        share.make_folders([path])
    assert world.folders() == set()


# The rest of the protocol


def test_the_identity_is_the_folder_s_own(world: World) -> None:
    with world.open() as share, world.open() as again:
        first = share.identity()
        assert first == again.identity()
        world.remove_root()
        with pytest.raises(ShareMissing):
            again.identity()
        assert ":" in first


def test_the_clock_and_the_count_move(world: World) -> None:
    with world.open() as share:
        assert share.now() is None and share.requests == 0
        listing(share)
        now = share.now()
        assert now is not None and now.tzinfo is not None
        assert share.requests == 1


def many(world: World, count: int) -> None:
    names = {f"{number:05}.txt" for number in range(count)}
    with world.open() as share:
        share.make_folders(["many"])
        outcomes = write(share, *(put(f"many/{name}", name.encode(), None) for name in sorted(names)))
        assert all(isinstance(outcome, Written) for outcome in outcomes)
        assert listing(share, "many").files.keys() == names
        assert read(share, *(f"many/{name}" for name in names)) == {f"many/{name}": name.encode() for name in names}


def test_a_listing_of_several_pages(world: World) -> None:
    world.page = 60
    many(world, 301)


@pytest.mark.slow
def test_thousands_of_entries(world: World) -> None:
    many(world, 5001)


def test_a_consumer_may_stop_early(world: World) -> None:
    for number in range(40):
        world.save(f"{number}.py", b"1")
    with world.open() as share:
        contents = share.read([f"{number}.py" for number in range(40)])
        first = next(iter(contents))
        assert isinstance(first, Content)
        first.data.close()
        contents.close()  # type: ignore[attr-defined]
        outcomes = share.write([put(f"new-{number}.py", b"1", None) for number in range(40)])
        next(iter(outcomes))
        outcomes.close()  # type: ignore[attr-defined]
        assert listing(share).files.keys() >= {f"{number}.py" for number in range(40)}
    assert all(not path.startswith(".flowsync") for path in world.files()) and world.leases() == {}
