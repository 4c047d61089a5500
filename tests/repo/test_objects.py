"""Blobs, trees and commits: byte for byte, past every attribute, and as git itself would have written them."""

import io
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowsync.core import tree as core
from flowsync.core.tree import EXECUTABLE, Blob, File, Problem, blob_of
from flowsync.errors import RepositoryError
from flowsync.repo import Repository
from flowsync.repo.encoding import Signature
from world import Repo

CONTENTS = [
    b"",
    b"x",
    b"one\r\ntwo\r\n",
    b"one\ntwo\r",
    b"\0" * 10,
    bytes(range(256)),
    "café\n".encode("latin-1"),
    b"$Id$\n",
]
WHO = str(Signature("Pat", "pat@example.com", 1_700_000_000))


def store(opened: Repository, content: bytes) -> Blob:
    return opened.objects.write_blob(len(content), io.BytesIO(content))


def test_a_gc_beside_us_is_in_the_way_of_no_object(repo: Repo, opened: Repository) -> None:
    """The soak found it: what is packed already is stored again, and its loose copy is pruned while gitdb looks."""
    contents = [b"%d\n" % number for number in range(50)]
    repo.commit({f"{number}.txt": content for number, content in enumerate(contents)})
    repo.git("gc", "--quiet")
    pruning = subprocess.Popen(
        ["sh", "-c", 'while git -C "$0" prune-packed --quiet; do :; done', str(repo.folder)], stdin=subprocess.DEVNULL
    )
    try:
        for _ in range(20):
            assert [store(opened, content) for content in contents] == [blob_of(content) for content in contents]
            assert pruning.poll() is None
    finally:
        pruning.kill()
        pruning.wait()
    assert not repo.fsck()


@pytest.mark.parametrize("content", CONTENTS, ids=repr)
def test_a_blob_is_byte_exact_whatever_the_attributes_say(repo: Repo, opened: Repository, content: bytes) -> None:
    repo.write({".gitattributes": "* text eol=crlf ident working-tree-encoding=UTF-16\n"})
    repo.git("config", "core.autocrlf", "input")
    sha = store(opened, content)
    assert sha == blob_of(content)
    assert repo.raw_git("cat-file", "blob", sha) == content
    assert opened.objects.read(sha) == content
    with opened.objects.open(sha) as reader:
        assert reader.read() == content


def test_many_blobs_at_once_are_the_same_blobs(repo: Repo, opened: Repository) -> None:
    contents = [*CONTENTS, *(f"file {number}\n".encode() for number in range(300))]
    with opened.objects.writing(len(contents)) as write:
        shas = [write(len(content), io.BytesIO(content)) for content in contents]
    assert shas == [blob_of(content) for content in contents]
    assert [opened.objects.read(sha) for sha in shas] == contents
    repo.fsck()


def test_a_large_blob_is_read_in_pieces(repo: Repo, opened: Repository) -> None:
    content = os.urandom(5 * 1024 * 1024)
    sha = store(opened, content)
    with opened.objects.open(sha) as reader:
        assert not isinstance(reader, io.BytesIO) and reader.read() == content


def test_what_is_not_there_is_said(opened: Repository) -> None:
    nowhere = Blob("1" * 40)
    assert not opened.objects.holds(nowhere)
    for ask in (
        opened.objects.read,
        opened.objects.size,
        opened.objects.open,
        opened.objects.commit,
        opened.objects.files,
    ):
        with pytest.raises(RepositoryError, match="does not hold"):
            ask(nowhere)


def test_objects_that_others_write_and_pack_are_found(repo: Repo, opened: Repository) -> None:
    sha = store(opened, b"mine")
    repo.commit({"a": "mine"})
    assert opened.objects.read(Blob(repo.git("rev-parse", "main:a"))) == b"mine"
    repo.git("gc", "--quiet")
    later = repo.commit({"b": "later"})
    assert opened.objects.read(sha) == b"mine"
    assert opened.objects.commit(later).message == "an edit\n"


def test_readers_in_many_threads_do_not_mix_their_answers(opened: Repository) -> None:
    contents = {store(opened, text := f"content {number}\n".encode() * number): text for number in range(50)}
    with ThreadPoolExecutor(16) as pool:
        found = dict(zip(contents, pool.map(opened.objects.read, contents), strict=True))
    assert found == contents


NAMES = st.sampled_from(["a", "a.b", "a-b", "a0", "b", "foo", "foo.c", "foo-c", "foo0", "Ü", "日本", " x", "z"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sets(PATHS, min_size=1, max_size=12))
def test_a_tree_is_the_one_that_git_writes(repo: Repo, opened: Repository, paths: set[str]) -> None:
    files = {path for path in paths if not any(other.startswith(path + "/") for other in paths)}
    blob = store(opened, b"content")
    tree = opened.objects.write_files({core.Path(path): File(blob) for path in files})
    index = {"GIT_INDEX_FILE": str(repo.folder / ".git/private")}
    lines = "".join(f"100644 {blob}\t{path}\0" for path in files).encode()
    Path(index["GIT_INDEX_FILE"]).unlink(missing_ok=True)
    git = Repo(repo.folder, index)
    git.git("update-index", "-z", "--add", "--index-info", stdin=lines)
    assert tree == git.git("write-tree")
    assert set(opened.objects.files(tree or "")) == files


def test_modes_links_and_nested_repositories(repo: Repo, opened: Repository) -> None:
    repo.write({"run.sh": "#!/bin/sh\n", "plain": "x"})
    (repo.folder / "run.sh").chmod(0o755)
    (repo.folder / "link").symlink_to("plain")
    repo.git("add", "--all")
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},module")
    tree = repo.git("write-tree")
    found = opened.objects.files(tree)
    assert isinstance(found[core.Path("link")], Problem) and isinstance(found[core.Path("module")], Problem)
    script = found[core.Path("run.sh")]
    assert isinstance(script, File) and script.mode == EXECUTABLE
    # what is no file can be taken over as it is
    plain = {path: entry for path, entry in found.items() if isinstance(entry, File)}
    assert opened.objects.write_files(plain, tree, found.keys() - plain.keys()) == tree


def test_only_the_named_folder_is_replaced(repo: Repo, opened: Repository) -> None:
    repo.commit({"README": "x", "flows/chat/a": "1", "flows/chat/b": "1", "flows/other/a": "1", "z/flows/chat/a": "1"})
    whole = repo.git("rev-parse", "main^{tree}")
    folder = opened.objects.write_files({core.Path("new"): File(store(opened, b"2"))})
    after = opened.objects.with_folder(whole, "flows/chat", folder)
    assert repo.files(after) == {
        "README": b"x", "flows/chat/new": b"2", "flows/other/a": b"1", "z/flows/chat/a": b"1",
    }  # fmt: skip
    assert repo.files(opened.objects.with_folder(whole, "flows/chat", None)).keys() == {
        "README", "flows/other/a", "z/flows/chat/a",
    }  # fmt: skip
    gone = opened.objects.with_folder(opened.objects.with_folder(whole, "flows/chat", None), "flows/other", None)
    assert repo.git("ls-tree", "--name-only", gone).splitlines() == ["README", "z"]  # no empty folder is left
    new = opened.objects.with_folder(None, "a/b/c", folder)
    assert repo.files(new) == {"a/b/c/new": b"2"}
    over = opened.objects.with_folder(whole, "README/in", folder)  # a file gives way
    assert "README/in/new" in repo.files(over) and "README" not in repo.files(over)
    repo.fsck()


def test_a_commit_is_stored_and_read_back(repo: Repo, opened: Repository) -> None:
    first = repo.commit({"a": "x"})
    tree = opened.objects.commit(first).tree
    message = "caf\u00e9: \U0001f389\n\nbody\n\nTrailer: yes\n"
    sha = opened.objects.write_commit(tree, [first], WHO, WHO, message)
    found = opened.objects.commit(sha)
    assert (found.tree, found.parents, found.author, found.message) == (tree, (first,), WHO, message)
    assert found.committed == 1_700_000_000
    assert repo.git("log", "-1", "--format=%an|%ae|%at|%B", sha) == f"Pat|pat@example.com|1700000000|{message.rstrip()}"
    repo.git("branch", "kept", sha)
    assert repo.fsck() == ""


def test_a_signed_commit_with_notes_and_encodings_is_read(repo: Repo, opened: Repository) -> None:
    tree = opened.objects.write_empty_tree()
    raw = (
        f"tree {tree}\nauthor {WHO}\ncommitter {WHO}\nencoding ISO-8859-1\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n"
        " parent 1111\n -----END PGP SIGNATURE-----\n\n"
    ).encode() + b"caf\xe9\n"
    sha = repo.git("hash-object", "-t", "commit", "-w", "--stdin", stdin=raw)
    found = opened.objects.commit(sha)
    assert found.parents == () and found.tree == tree


def test_names_that_would_break_a_signature_are_made_harmless(repo: Repo, opened: Repository) -> None:
    who = str(Signature("Eve\n<evil>\0", "e<v>e@x\n", 1))
    sha = opened.objects.write_commit(opened.objects.write_empty_tree(), [], who, who, "x\n")
    assert repo.git("log", "-1", "--format=%an|%ae", sha) == "Eveevil|eve@x"
    repo.git("branch", "kept", sha)
    assert repo.fsck() == ""


@pytest.mark.parametrize("where", ["", "sub", "linked"])
def test_a_repository_opens_from_anywhere(repo: Repo, where: str, tmp_path: Path) -> None:
    repo.commit({"sub/a": "x"})
    repo.git("worktree", "add", "--quiet", "-b", "work", str(tmp_path / "linked"))
    start = tmp_path / "linked" / "sub" if where == "linked" else repo.folder / where
    with Repository(start) as opened:
        assert opened.root == (tmp_path / "linked" if where == "linked" else repo.folder)
        assert opened.state_dir == repo.folder / ".git" / "flowsync"
        assert opened.objects.read(Blob(repo.git("rev-parse", "main:sub/a"))) == b"x"


def test_a_submodule_is_a_repository_of_its_own(repo: Repo, tmp_path: Path) -> None:
    repo.commit({"a": "x"})
    outer = Repo(tmp_path / "outer")
    Repo(tmp_path).git("init", "--quiet", "outer")
    outer.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(repo.folder), "inner")
    with Repository(tmp_path / "outer" / "inner") as opened:
        assert opened.root == tmp_path / "outer" / "inner"
        assert opened.state_dir == tmp_path / "outer" / ".git" / "modules" / "inner" / "flowsync"


def test_no_process_is_left_behind(repo: Repo) -> None:
    repo.commit({"a": "x"})
    for _ in range(5):
        with Repository(repo.folder) as opened:
            opened.objects.read(Blob(repo.git("rev-parse", "main:a")))
    listed = subprocess.run(
        ["ps", "-o", "args=", "--ppid", str(os.getpid())], capture_output=True, text=True, check=False
    )
    assert not [line for line in listed.stdout.splitlines() if "cat-file" in line]


def test_what_was_there_already_is_young_again(repo: Repo, opened: Repository) -> None:
    """git gc spares what is young; an old object that no ref holds yet would be gone before one does."""
    opened.objects.write_bytes(b"again")
    (place,) = repo.folder.glob(".git/objects/[0-9a-f][0-9a-f]/*")
    os.utime(place, (1, 1))
    opened.objects.write_bytes(b"again")
    assert place.stat().st_mtime > 1
    os.utime(place, (1, 1))
    opened.objects.write_bytes(b"again")
    repo.git("prune", "--expire=1.hour.ago")
    assert place.exists()


def test_the_folder_of_a_commit(repo: Repo, opened: Repository) -> None:
    odd = "flows/\N{SNOWMAN} a b"
    commit = repo.commit({"flows/a/x.py": "x\n", f"{odd}/y.py": "y\n", "flows/file": "f\n"})
    folder = opened.objects.folder
    for path in ("flows/a", odd):
        assert folder(commit, path) == repo.git("rev-parse", f"{commit}:{path}")
    assert folder(commit, "flows/file") is folder(commit, "flows/none") is folder(commit, "a\nb") is None
    assert folder(commit, "") == repo.git("rev-parse", f"{commit}^{{tree}}")


@pytest.mark.parametrize("lost", ["", "^{tree}", ":flows", ":flows/a"])
def test_a_folder_that_a_damaged_repository_lost_is_not_taken_for_none(
    repo: Repo, opened: Repository, lost: str
) -> None:
    """It would look as if the flow had been deleted."""
    commit = repo.commit({"flows/a/x.py": "x\n"})
    sha = repo.git("rev-parse", f"{commit}{lost}")
    (repo.folder / ".git/objects" / sha[:2] / sha[2:]).unlink()
    if lost == ":flows/a":  # what is in it is asked for next
        assert opened.objects.folder(commit, "flows/a") == sha
        with pytest.raises(RepositoryError, match="does not hold"):
            opened.objects.files(sha)
    else:
        with pytest.raises(RepositoryError, match="does not hold"):
            opened.objects.folder(commit, "flows/a")
