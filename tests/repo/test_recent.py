"""What a daemon remembers of what it read has an end."""

from flowsync.repo import Repository
from flowsync.repo.recent import Recent
from world import Repo


def test_what_was_not_used_for_longest_goes_first() -> None:
    recent: Recent[str, str] = Recent(6, len)
    for key in ("aa", "bb", "cc"):
        assert recent.keep(key, key) == key
    assert recent.get("aa") == "aa" and recent.get("zz") is None
    recent.keep("dd", "dd")
    assert [recent.get(key) for key in ("aa", "bb", "cc", "dd")] == ["aa", None, "cc", "dd"]
    recent.keep("cc", "c")  # lighter than before
    recent.keep("e", "e")
    assert [recent.get(key) for key in ("aa", "cc", "dd", "e")] == ["aa", "c", "dd", "e"]
    recent.keep("long", "too heavy")
    assert len(recent) == 1 and recent.get("long") == "too heavy"
    recent.keep("aa", "aa")
    assert len(recent) == 1


def test_what_is_let_go_is_read_again(repo: Repo, opened: Repository) -> None:
    commits = [repo.commit({f"flows/f{number}/a.py": f"{number}\n"}) for number in range(5)]
    objects = opened.objects
    objects._trees, objects._commits, objects._places = Recent(1, len), Recent(1), Recent(1)
    for _ in range(2):
        for number, commit in enumerate(commits):
            assert objects.folder(commit, f"flows/f{number}") and not objects.folder(commit, f"flows/f{number + 1}")
            assert list(objects.files(objects.commit(commit).tree)) == [
                f"flows/f{one}/a.py" for one in range(number + 1)
            ]
