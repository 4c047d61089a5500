"""A conflict settled without a screen: places, picks, what becomes of the files, what the daemon is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsync_tui.view.conflict import Resolution
from flowsync_tui.view.conflicted import Choice, Conflicted, Place, merged_alone, signs

from .triage import BASE, DEFINITION, LOCAL, REMOTE

SIDES = {"base": "b" * 40, "local": "1" * 40, "remote": "2" * 40}


def conflicted(path: str) -> Conflicted:
    return Conflicted(path, BASE[path], LOCAL[path], REMOTE[path])


def resolution(*files: Conflicted) -> Resolution:
    return Resolution(files or (conflicted("flow.dag.yaml"), conflicted("rerank.py")), SIDES)


def settled(found: Resolution, path: str) -> bytes | None:
    merge = found.merged(path)
    assert not merge.left
    return merge.content


def test_places_are_nodes_and_lines() -> None:
    places = resolution().places
    assert [place.title for place in places] == ["flow.dag.yaml › rerank › inputs.top_k", "rerank.py › line 6"]
    assert [place.local for place in places] == ["top_k: 8  # how many", "    return str(11)\n"]


def test_each_side_can_be_picked_by_itself() -> None:
    found = resolution()
    one, two = found.places
    assert found.pick(one, Choice.REMOTE) == ""
    assert found.pick(two, Choice.LOCAL) == ""
    assert found.open == []
    assert settled(found, "flow.dag.yaml") == REMOTE["flow.dag.yaml"]
    assert settled(found, "rerank.py") == LOCAL["rerank.py"]
    assert found.answers() == {"flow.dag.yaml": {"take": "remote"}, "rerank.py": {"take": "local"}}


def test_what_is_not_in_conflict_merges_by_itself() -> None:
    found = resolution()
    found.pick(found.places[0], Choice.LOCAL)
    text = found.answers()["flow.dag.yaml"]["text"]
    assert "top_k: 8" in text
    assert "- name: polish" in text


def test_base_and_both_and_words_of_ones_own() -> None:
    found = resolution()
    one, two = found.places
    found.pick(one, Choice.BASE)
    assert "top_k: 5" in found.answers()["flow.dag.yaml"]["text"]
    assert found.pick(two, Choice.BOTH) == ""
    assert (settled(found, "rerank.py") or b"").endswith(b"    return str(11)\n    return str(12)\n")
    found.pick(one, Choice.WRITTEN, "top_k: 4\nextra: 1")
    assert "    top_k: 4\n    extra: 1\n" in found.answers()["flow.dag.yaml"]["text"]
    found.pick(two, Choice.WRITTEN, "    return 'x'")
    assert (settled(found, "rerank.py") or b"").endswith(b"str:\n    return 'x'")


def test_what_does_not_fit_is_refused_and_changes_nothing() -> None:
    found = resolution()
    one = found.places[0]
    found.pick(one, Choice.LOCAL)
    assert "does not fit" in found.pick(one, Choice.BOTH)
    assert "does not fit" in found.pick(one, Choice.WRITTEN, "text: twice")
    assert found.answer(one) is not None
    assert found.taken(one) == "top_k: 8  # how many"
    assert found.undo()
    assert not found.undo()


def test_undo_takes_back_one_pick_at_a_time() -> None:
    found = resolution()
    one, two = found.places
    found.pick(one, Choice.LOCAL)
    found.pick(one, Choice.REMOTE)
    found.pick(two, Choice.LOCAL)
    assert found.undo()
    assert found.open == [two]
    assert found.undo()
    assert found.taken(one) == "top_k: 8  # how many"
    assert found.undo()
    assert not found.touched
    assert not found.undo()


def test_the_rest_can_go_to_one_side() -> None:
    found = resolution()
    found.pick(found.places[0], Choice.LOCAL)
    assert found.pick_rest(Choice.REMOTE) == ""
    assert found.open == []
    assert settled(found, "rerank.py") == REMOTE["rerank.py"]
    assert "top_k: 8" in found.answers()["flow.dag.yaml"]["text"]


def test_a_file_can_be_decided_as_a_whole_and_back() -> None:
    found = resolution()
    found.pick(found.places[0], Choice.LOCAL)
    assert found.toggle_whole("flow.dag.yaml") == ""
    whole = found.places[0]
    assert whole.whole
    assert found.open[0] == whole
    found.pick(whole, Choice.REMOTE)
    assert settled(found, "flow.dag.yaml") == REMOTE["flow.dag.yaml"]
    found.toggle_whole("flow.dag.yaml")
    assert found.taken(found.places[0]) == "top_k: 8  # how many"


def test_a_file_that_one_side_deleted_is_one_place() -> None:
    found = resolution(Conflicted("a.py", b"1\n", None, b"2\n"))
    (place,) = found.places
    assert place.whole
    assert place.reason == "deleted locally, changed in Studio"
    assert found.toggle_whole("a.py")
    found.pick(place, Choice.LOCAL)
    assert found.answers() == {"a.py": {"take": "delete"}}
    found.pick(place, Choice.REMOTE)
    assert found.answers() == {"a.py": {"take": "remote"}}
    assert found.pick(place, Choice.BOTH) == "only one side has it"


def test_a_file_that_is_no_text_is_one_place() -> None:
    found = resolution(Conflicted("a.bin", b"\0a", b"\0b", b"\0c"))
    (place,) = found.places
    assert place.local == "(not text, 2 bytes)"
    assert "no text" in found.pick(place, Choice.BOTH)
    found.pick(place, Choice.LOCAL)
    assert settled(found, "a.bin") == b"\0b"


def test_both_added_a_file() -> None:
    found = resolution(Conflicted("a.txt", None, b"1\n2\n", b"1\n3\n"))
    assert found.places[0].reason == "both sides changed these lines"
    found.pick(found.places[0], Choice.BOTH)
    assert settled(found, "a.txt") == b"1\n2\n1\n3\n"
    found.pick(found.places[0], Choice.BASE)
    assert settled(found, "a.txt") == b""


def test_bytes_that_are_no_utf_8_survive() -> None:
    found = resolution(Conflicted("a.txt", b"\xff\n1\n", b"\xff\n2\n", b"\xff\n3\n"))
    found.pick(found.places[0], Choice.WRITTEN, "4\n")
    assert settled(found, "a.txt") == b"\xff\n4\n"
    assert found.answers() == {"a.txt": {"base64": "/wo0Cg=="}}


def test_a_definition_that_is_no_yaml_is_merged_by_lines() -> None:
    found = resolution(Conflicted("flow.dag.yaml", b"nodes: [\n1\n", b"nodes: [\n2\n", b"nodes: [\n3\n"))
    assert [place.title for place in found.places] == ["flow.dag.yaml › line 2"]


def test_a_suggestion_can_be_taken() -> None:
    renamed = DEFINITION.replace(b"name: rerank", b"name: order").replace(b"${rerank.", b"${order.")
    refers = DEFINITION.replace(b"${answer.output}", b"${rerank.output}")
    found = resolution(Conflicted("flow.dag.yaml", DEFINITION, renamed, refers))
    places = [place for place in found.places if place.suggestion]
    assert places
    assert "${order.output}" in str(places[0].suggestion)
    assert found.pick(places[0], Choice.SUGGESTED) == ""
    other = next((place for place in found.places if not place.suggestion), None)
    assert other is None or found.pick(other, Choice.SUGGESTED) == "nothing is suggested here"


def test_the_preview_shows_where_a_pick_went() -> None:
    found = resolution()
    one, two = found.places
    assert found.preview(one).here == range(0)
    assert any(line.startswith("<<<<<<<") for line in found.preview(two).lines)
    found.pick(one, Choice.REMOTE)
    shown = found.preview(one)
    assert [shown.lines[at] for at in shown.here] == ["    top_k: 3  # how many"]
    found.pick(two, Choice.BOTH)
    shown = found.preview(two)
    assert [shown.lines[at] for at in shown.here] == ["    return str(11)", "    return str(12)"]


def test_signs_tell_what_each_side_did() -> None:
    place = Place("a", "x", "one\ntwo\nthree\n", "one\n2\nthree\n", "one\nII\nthree\nfour\n")
    assert [sign for sign, _ in signs(place, Choice.BASE)[1]] == [" ", "-", " "]
    assert [sign for sign, _ in signs(place, Choice.LOCAL)[1]] == [" ", "+", " "]
    assert [sign for sign, _ in signs(place, Choice.REMOTE)[1]] == [" ", "+", " ", "+"]
    assert signs(Place("a", "x", None, "1", "2"), Choice.BASE)[0] == ["(absent)"]


def test_the_result_is_validated() -> None:
    found = resolution()
    found.pick_rest(Choice.LOCAL)
    others = {"answer.py": REMOTE["answer.py"]}
    assert [one.severity for one in found.findings(others)] == []
    found.pick(found.places[0], Choice.WRITTEN, "top_k: ${nowhere.output}")
    assert any("nowhere" in one.message for one in found.findings(others))


def test_picks_survive_a_side_that_moved_elsewhere() -> None:
    earlier = resolution()
    earlier.pick_rest(Choice.LOCAL)
    moved = REMOTE["rerank.py"].replace(b"12", b"13")
    now = resolution(conflicted("flow.dag.yaml"), Conflicted("rerank.py", BASE["rerank.py"], LOCAL["rerank.py"], moved))
    assert now.adopt(earlier) == 1
    assert [place.file for place in now.open] == ["rerank.py"]


def test_the_summary_says_what_each_file_gets() -> None:
    found = resolution(conflicted("flow.dag.yaml"), Conflicted("a.py", b"1\n", None, b"2\n"))
    found.pick_rest(Choice.LOCAL)
    assert found.summary() == ["flow.dag.yaml: 1 × LOCAL", "a.py: 1 × LOCAL (the file goes)"]


@pytest.mark.parametrize("path", ["answer.py", "flow.dag.yaml"])
def test_files_without_conflict_are_merged_as_git_would(path: str) -> None:
    assert merged_alone(path, BASE[path], BASE[path], REMOTE[path]) == REMOTE[path]
    assert merged_alone(path, BASE[path], LOCAL[path], BASE[path]) == LOCAL[path]
    assert merged_alone(path, None, LOCAL[path], LOCAL[path]) == LOCAL[path]


def test_two_edits_of_one_file_that_are_apart_are_both_kept() -> None:
    assert merged_alone("a", b"1\n2\n3\n", b"x\n2\n3\n", b"1\n2\ny\n") == b"x\n2\ny\n"


TEXTS = st.lists(st.sampled_from(["a\n", "b\n", "c\n", "d\n"]), max_size=8).map("".join).map(str.encode)


@given(TEXTS, TEXTS, TEXTS, st.sampled_from([Choice.BASE, Choice.LOCAL, Choice.REMOTE]))
def test_the_whole_of_a_side_is_what_picking_it_everywhere_gives(
    base: bytes, local: bytes, remote: bytes, choice: Choice
) -> None:
    """Where both sides changed the same; the rest is merged, so it is compared only where there is no rest."""
    file = Conflicted("a.txt", base, local, remote)
    found = resolution(file)
    found.pick_rest(choice)
    if all(hunk.clash for hunk in file.hunks):
        assert settled(found, "a.txt") == {Choice.BASE: base, Choice.LOCAL: local, Choice.REMOTE: remote}[choice]
