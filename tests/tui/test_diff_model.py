"""What a diff shows, without a screen."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsync_tui.view import compared
from flowsync_tui.view.contents import content_of, decoded, harmless, is_binary, lines_of, shown
from flowsync_tui.view.diff import MAX_SIZE, Kind, Row, hidden, hunk, line_at, rows, texts, words

BEFORE = "".join(f"line {number}\n" for number in range(1, 21))
AFTER = BEFORE.replace("line 5\n", "line five\n").replace("line 6\n", "").replace("line 15\n", "line 15\nnew\n")


def kinds(split: bool, context: int | None = 3) -> str:
    return "".join(row.kind.value for row in rows(texts(BEFORE, AFTER), split, context).rows)


def test_unified_rows_have_what_went_before_what_came() -> None:
    assert kinds(split=False) == "    --+   ⋯   +   ⋯"
    assert kinds(split=False, context=None).count(" ") == 18


def test_split_rows_put_lines_side_by_side() -> None:
    assert kinds(split=True) == "    ~-   ⋯   +   ⋯"


def test_rows_know_their_lines_and_their_partners() -> None:
    laid = rows(texts(BEFORE, AFTER), False)
    assert laid.rows[4:7] == [Row(Kind.REMOVED, 4, 4), Row(Kind.REMOVED, 5, -1), Row(Kind.ADDED, 4, 4)]
    assert laid.starts == [4, 14]
    assert line_at(laid.rows[4]) == 5


def test_a_fold_says_how_many_lines_it_hides() -> None:
    compared_texts = texts(BEFORE, AFTER)
    for split in (False, True):
        laid = rows(compared_texts, split)
        folds = [at for at, row in enumerate(laid.rows) if row.kind is Kind.FOLD]
        shown_lines = sum(row.kind is Kind.SAME for row in laid.rows)
        assert shown_lines + sum(hidden(laid, at, compared_texts) for at in folds) == 18


def test_one_line_is_shown_rather_than_folded() -> None:
    before = [f"{number}\n" for number in range(9)]
    after = ["X\n", *before[1:8], "Y\n"]
    laid = rows(texts("".join(before), "".join(after)), True)
    assert Kind.FOLD not in {row.kind for row in laid.rows}


@given(st.lists(st.sampled_from("abcx"), max_size=12), st.lists(st.sampled_from("abcx"), max_size=12), st.booleans())
def test_every_line_is_in_some_row(old: list[str], new: list[str], split: bool) -> None:
    laid = rows(texts("".join(f"{one}\n" for one in old), "".join(f"{one}\n" for one in new)), split, None)
    of_old = [row.old for row in laid.rows if row.kind is not Kind.ADDED]
    of_new = [row.new for row in laid.rows if row.kind is not Kind.REMOVED]
    assert of_old == list(range(len(old)))
    assert of_new == list(range(len(new)))
    assert all(laid.rows[start].kind not in (Kind.SAME, Kind.FOLD) for start in laid.starts)


def test_blanks_need_not_count() -> None:
    assert texts("a  b\n", "a b \n").counts == (1, 1)
    assert texts("a  b\n", "a b \n", whitespace=False).counts == (0, 0)


def test_a_file_that_is_not_there_is_all_added() -> None:
    assert texts(None, "a\nb\n").counts == (2, 0)
    assert texts("a\n", None).counts == (0, 1)


def test_a_line_feed_at_the_end_is_told() -> None:
    assert texts("a", "a\n").ends == "a line feed at the end was added"
    assert texts("a\n", "a").ends == "a line feed at the end was removed"
    assert not texts("a\n", "b\n").ends


def test_what_is_too_large_is_refused() -> None:
    assert "too large" in texts("x" * (MAX_SIZE + 1), "").refused
    assert "too many" in texts("x\n" * 20_001, "").refused


def test_words_that_changed() -> None:
    assert words("top_k: 5", "top_k: 8") == (((7, 8),), ((7, 8),))
    assert words("say a b c", "say x a b c") == ((), ((3, 5),))
    assert words("entirely other", "no word alike!") == ((), ())
    assert words("same", "same") == ((), ())


def test_words_of_endless_lines_are_not_compared() -> None:
    assert words("x " * 5000, "y " * 5000) == ((), ())


def test_a_change_is_copied_as_a_patch() -> None:
    assert hunk(texts(BEFORE, AFTER), 0) == "@@ -5,2 +5,1 @@\n-line 5\n-line 6\n+line five\n"


HOSTILE = {
    "\x1b[31mred\x1b[0m": "␛[31mred␛[0m",
    "bell\x07 back\x08 nul\x00": "bell␇ back␈ nul␀",
    "\x9b31m": "‹U+009B›31m",
    "right\u202eleft": "right‹U+202E›left",
    "\u2066iso\u2069": "‹U+2066›iso‹U+2069›",
    "zero\u200bwidth\ufeff": "zero‹U+200B›width‹U+FEFF›",
    "soft\u00adhyphen": "soft‹U+00AD›hyphen",
    "tab\there": "tab here",
    "cr\rlf": "cr␍lf",
    "ls\u2028ps\u2029": "ls‹U+2028›ps‹U+2029›",
    "\ud800": "‹U+D800›",
    "\U000e0041tag": "‹U+E0041›tag",
    "[bold red]markup[/]": "[bold red]markup[/]",
    "漢字 ok": "漢字 ok",
    "emoji 🎉": "emoji 🎉",
    "naïve ελληνικά": "naïve ελληνικά",
    "non\u00a0breaking\u2003em": "non⍽breaking⍽em",
    "pile" + "\u0301" * 40: "pile" + "\u0301" * 3,
    "wide\u3000blank": "wide  blank",
}


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_in_a_line_is_obeyed(text: str) -> None:
    assert shown(text) == HOSTILE[text]


@given(st.text())
def test_whatever_a_line_holds_it_is_shown_printable(text: str) -> None:
    assert all(one.isprintable() for one in shown(text))


def test_lines_end_at_line_feeds_only() -> None:
    assert lines_of("a\x0bb\u2028c\r\nd\n") == ["a\x0bb\u2028c\r", "d"]
    assert lines_of("") == []


def test_contents_come_as_text_or_as_bytes() -> None:
    assert content_of({"text": "ä\n"}) == "ä\n".encode()
    assert content_of({"base64": base64.b64encode(b"\xff\x00").decode()}) == b"\xff\x00"
    assert content_of({"too_large": True}) is None
    assert content_of(None) is None
    assert decoded(b"a\xffb") == "a\\xffb"
    assert is_binary(b"GIF\0")
    assert not is_binary(b"text\xff")


def test_only_a_harmless_text_is_edited_in_the_app() -> None:
    assert harmless("a\tb\nc\n")
    assert not harmless("a\x1b[0m")
    assert not harmless("a\u202eb")


def row(path: str, base: str | None, local: str | None, remote: str | None, worktree: str | None) -> dict[str, object]:
    return {"path": path, "base": base, "local": local, "remote": remote, "worktree": worktree}


def test_what_differs_is_compared_first() -> None:
    ahead = [row("a", "1", "2", "1", "2")]
    assert [compared.title(pair) for pair in compared.pairs(ahead)] == [
        "local ↔ Studio", "base ↔ local", "base ↔ Studio", "local ↔ worktree",
    ]  # fmt: skip
    dirty = [row("a", "1", "1", "1", "2")]
    assert compared.pairs(dirty)[0] == ("local", "worktree")


def test_a_side_that_is_not_there_is_not_compared() -> None:
    only_local = [row("a", None, "1", None, "1")]
    assert compared.pairs(only_local) == [("local", "worktree")]
    assert compared.pairs([]) == [("local", "remote")]


def test_commits_come_first_where_they_are_asked_for() -> None:
    pairs = compared.pairs([row("a", "1", "2", "1", "2")], ("c" * 40, "local"))
    assert compared.title(pairs[0]) == "cccccccc ↔ local"
    assert compared.after(pairs[-1], pairs) == pairs[0]


def test_the_graph_marks_what_changed() -> None:
    files = [row("flow.dag.yaml", "1", "2", "3", "4")]
    assert compared.graph_pairs(files, "flow.dag.yaml")[0] == ("base", "worktree")
    assert compared.graph_pairs(files, "flow.dag.yaml")[-1] == ("", "worktree")
    same = [row("flow.dag.yaml", "1", "1", "1", "1")]
    assert compared.graph_pairs(same, "flow.dag.yaml") == [("", "worktree")]
    only_studio = [row("flow.dag.yaml", None, None, "1", None)]
    assert compared.graph_pairs(only_studio, "flow.dag.yaml") == [("", "remote")]
