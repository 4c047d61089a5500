"""Three-way merges outside the worktree, and with a person's tool in one of their own."""

from flowsync.repo import Repository
from world import Repo


def trees(repo: Repo, base: dict[str, str], local: dict[str, str], remote: dict[str, str]) -> tuple[str, str, str]:
    """Three trees, none of which has anything to do with the branch."""
    made = []
    for number, files in enumerate((base, local, remote)):
        side = Repo(repo.folder, {"GIT_INDEX_FILE": str(repo.folder / f".git/index-{number}")})
        lines = ""
        for path, content in files.items():
            blob = side.git("hash-object", "-w", "--stdin", stdin=content.encode())
            lines += f"100644 {blob}\t{path}\0"
        side.git("update-index", "-z", "--add", "--index-info", stdin=lines.encode())
        made.append(side.git("write-tree"))
    return made[0], made[1], made[2]


def test_edits_of_different_lines_are_joined(repo: Repo, opened: Repository) -> None:
    body = "".join(f"{number}\n" for number in range(9))
    found = opened.merger.merge(*trees(repo, {"a": body}, {"a": "x" + body}, {"a": body + "y\n", "b": "new\n"}))
    assert found.conflicts == ()
    assert repo.files(found.tree) == {"a": f"x{body}y\n".encode(), "b": b"new\n"}


def test_a_conflict_names_its_path_and_holds_both(repo: Repo, opened: Repository) -> None:
    names = ["a b", "ü", 'q"x']
    three = trees(repo, *(dict.fromkeys(names, f"{side}\n") for side in ("base", "mine", "theirs")))
    found = opened.merger.merge(*three)
    assert sorted(found.conflicts) == sorted(names)
    for content in repo.files(found.tree).values():
        assert b"mine" in content and b"theirs" in content


def test_attributes_and_drivers_of_the_repository_count(repo: Repo, opened: Repository) -> None:
    repo.commit({".gitattributes": "*.u merge=union\n*.d merge=mine\n*.b -merge\n"})
    repo.git("config", "merge.mine.driver", "echo driven > %A")
    names = ["x.u", "x.d", "x.b"]
    found = opened.merger.merge(*trees(repo, *(dict.fromkeys(names, f"{side}\n") for side in ("base", "m", "t"))))
    assert found.conflicts == ("x.b",)
    files = repo.files(found.tree)
    assert files["x.d"] == b"driven\n" and set(files["x.u"].split()) == {b"m", b"t"}


def test_a_merge_touches_no_ref_no_index_and_no_worktree(repo: Repo, opened: Repository) -> None:
    repo.commit({"a": "x\n"})
    repo.write({"a": "unsaved\n"})
    (repo.folder / ".git/index.lock").touch()
    before, refs = repo.untouched(), repo.refs()
    opened.merger.merge(*trees(repo, {"a": "1\n"}, {"a": "2\n"}, {"a": "3\n"}))
    assert (repo.untouched(), repo.refs()) == (before, refs)


def test_a_tool_works_in_a_worktree_of_its_own_and_runs_no_hooks(repo: Repo, opened: Repository) -> None:
    repo.commit({"other": "x\n"})
    for name in ("post-checkout", "pre-merge-commit", "post-merge", "prepare-commit-msg"):
        hook = repo.folder / ".git/hooks" / name
        hook.write_text(f"#!/bin/sh\ntouch '{repo.folder}/hook-ran'\n")
        hook.chmod(0o755)
    repo.git("config", "mergetool.t.cmd", 'cat "$BASE" "$LOCAL" "$REMOTE" > "$MERGED"')
    repo.git("config", "mergetool.t.trustExitCode", "true")
    before, refs = repo.untouched(), repo.refs()
    found = opened.merger.with_tool(*trees(repo, {"a": "1\n"}, {"a": "2\n"}, {"a": "3\n"}), "t")
    assert found.conflicts == () and repo.files(found.tree)["a"] == b"1\n2\n3\n"
    assert (repo.untouched(), repo.refs()) == (before, refs)
    assert len(repo.git("worktree", "list").splitlines()) == 1
    assert not (repo.folder / "hook-ran").exists()
