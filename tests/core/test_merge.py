"""The merge's edges: what it cannot take apart, add/add, renames, comments, and its decisions as data."""

import json

import pytest

from flowsync.core.merge import Action, Markers, Merged, merge_flow, new_flaws
from flowsync.core.merge.pieces import Side
from flowsync.core.merge.reading import Unfit, read
from flowsync.core.merge.writing import decided, written
from merge_scenarios import BASE, RENAMED, TRANSLATE, after_nodes, edit, saved_by_studio


def merge(base: str | None, local: str, remote: str, follow_renames: bool = False) -> Merged:
    content = None if base is None else base.encode()
    return merge_flow(content, local.encode(), remote.encode(), follow_renames=follow_renames)


ODD = """\
%YAML 1.2
---
# head

# about inputs
inputs:
  q:   # on the key's line
    type: string   # on the value's line
    # deeper

    default: 'x
      y'
    # after q's last key
  # after the last input
# above the next
outputs:
  a:
    reference: ${n.output}
nodes:
# above the first
- name: n
  inputs:
    z: {a: 1, b: [1, 2]}
    text: |
      a
       b

      c

    # after a literal
    k: |+
      a

- name: m  # beside a name

  type: python
-
  name: x
  source:
    type: code
    path: >-
      a
environment:
extra: [a,
 b]   # beside brackets
nested:
  - - x
    - y
  -
    - z
# foot
...
"""


@pytest.mark.parametrize(
    "text",
    [ODD, ODD.replace("\n", "\r\n"), "\ufeff" + ODD, "a: 1\nb:", "a: 1\nb:\n- x\n-", "", "# only\n", "a: |\n  x", "\n"],
    ids=["odd", "crlf", "bom", "no last line end", "empty item", "empty", "comment", "literal at the end", "blank"],
)
def test_what_is_read_is_written_byte_for_byte(text: str) -> None:
    document = read(text.encode())
    assert written(document, Markers()) == text
    assert decided(document, Side.REMOTE) == text


@pytest.mark.parametrize(
    "text",
    [
        "- a\n",
        "{a: 1}\n",
        "a: &x 1\nb: *x\n",
        "a: 1\na: 2\n",
        "a: [\n",
        "? [a]\n: 1\n",
        "a: 1\n---\nb: 1\n",
        "x",
        "a: !t\n  b: 1\n",
    ],
)
def test_what_cannot_be_taken_apart_is_said_and_left_to_others(text: str) -> None:
    with pytest.raises(Unfit):
        read(text.encode())
    for versions in (
        (BASE, text, edit(BASE, RENAMED[0])),
        (BASE, edit(BASE, RENAMED[0]), text),
        (text, "a: 3\n", "a: 4\n"),
    ):
        result = merge(*versions)
        assert result.unable
        assert not result.clean
        assert result.content == b""


def test_an_unchanged_side_yields_even_where_nothing_can_be_read() -> None:
    assert merge("a: [", "a: [", "\0").content == b"\0"
    assert merge("a: [", "b: [", "a: [").content == b"b: ["
    assert merge("a", "b", "b").content == b"b"


def test_bytes_that_are_no_text() -> None:
    assert merge_flow(b"a: 1\n", b"a: \xff\n", b"a: 2\n").unable


def test_added_on_both_sides_with_an_empty_base() -> None:
    for base in (None, ""):
        result = merge(base, "a: 1\nb: 2\n", "a: 1\nc: 3\n")
        assert result.content == b"a: 1\nb: 2\nc: 3\n"
        assert result.clean


def test_a_reference_to_a_renamed_node_is_a_conflict_with_a_suggestion() -> None:
    result = merge(BASE, edit(BASE, *RENAMED), edit(BASE, ("temperature: 0.2", "temperature: ${clean.output.count}")))
    assert [decision.suggestion for decision in result.conflicts] == [
        "temperature: ${tidy.output.count}   # low: facts only"
    ]


def test_a_reference_to_a_renamed_node_follows_if_asked_to() -> None:
    local, remote = edit(BASE, *RENAMED), edit(BASE, after_nodes(TRANSLATE))
    result = merge(BASE, local, remote, follow_renames=True)
    assert result.content.decode() == edit(local, after_nodes(TRANSLATE.replace("${clean.", "${tidy.")))
    assert result.clean
    back = merge(BASE, remote, local, follow_renames=True)
    assert back.content == result.content


def test_a_node_with_a_twin_is_not_taken_for_renamed() -> None:
    twin = edit(
        BASE,
        after_nodes(
            BASE[BASE.index("- name: clean") : BASE.index("# The one")].replace("name: clean", "name: clean_2")
        ),
    )
    local = edit(twin, ("- name: clean\n", "- name: tidy\n"), ('"${clean.output}"', '"${tidy.output}"'))
    result = merge(twin, local, edit(twin, ("- name: clean\n", "- name: clean\n  comment: x\n")))
    assert [decision.path for decision in result.conflicts] == ["nodes/clean"]


def test_flaws_that_were_there_before_are_nobodys_conflict() -> None:
    broken = edit(BASE, ("${inputs.question}", "${inputs.gone}"))
    result = merge(broken, edit(broken, ("retries: 3", "retries: 4")), edit(broken, ("0.2", "0.3")))
    assert result.clean


def test_comments_that_both_sides_changed_are_both_kept() -> None:
    local = edit(BASE, ("# The one that costs money.\n", "# Expensive.\n"))
    remote = edit(BASE, ("# The one that costs money.\n", "# Uses the EU deployment.\n"))
    result = merge(BASE, local, remote)
    assert result.clean
    assert "# Expensive.\n# Uses the EU deployment.\n- name: summarise\n" in result.content.decode()


def test_comments_beside_a_value_survive_a_value_of_another_shape() -> None:
    base = "a: 1  # one\nb: 2\n"
    result = merge(base, "a: 1  # one, really\nb: 2\n", "a:\n- x\nb: 2\n")
    assert result.clean
    assert result.content == b"# one, really\na:\n- x\nb: 2\n"


def test_a_comment_inside_what_the_other_side_replaced_is_a_conflict() -> None:
    base = "a:\n- x\nb: 2\n"
    result = merge(base, "a:\n- x # why\nb: 2\n", "a:\n- y\nb: 2\n")
    assert [decision.path for decision in result.conflicts] == ["a"]


def test_emptied_sections_keep_their_shape() -> None:
    base = "inputs:\n  q:\n    type: string\nnodes: []\n"
    result = merge(base, "inputs:\n  q:\n    type: string\nnodes: []\nx: 1\n", "inputs: {}\nnodes: []\n")
    assert result.content == b"inputs: {}\nnodes: []\nx: 1\n"
    both = merge("a:\n  b: 1\n  c: 2\n", "a:\n  c: 2\n", "a:\n  b: 1\n")
    assert both.content == b"a: {}\n"


def test_decisions_are_data() -> None:
    result = merge(
        BASE, edit(BASE, ("0.2", "0.7")), saved_by_studio(edit(BASE, ("0.2", "0.9"), ("retries: 3", "retries: 5")))
    )
    data = json.loads(result.to_json())
    assert data["version"] == 1
    assert [(d["path"], d["action"], d["base"], d["local"], d["remote"]) for d in data["decisions"]] == [
        ("nodes/fetch/inputs/retries", "remote", "retries: 3", "retries: 3", "retries: 5"),
        (
            "nodes/summarise/inputs/temperature",
            "conflict",
            "temperature: 0.2   # low: facts only",
            "temperature: 0.7   # low: facts only",
            "temperature: 0.9",
        ),
    ]


def test_every_difference_of_a_side_is_decided() -> None:
    local, remote = edit(BASE, ("0.2", "0.7")), edit(BASE, ("0.2", "0.7"), ("hello", "hi"))
    assert [(d.path, d.action) for d in merge(BASE, local, remote).decisions] == [
        ("inputs/question/default", Action.REMOTE),
        ("nodes/summarise/inputs/temperature", Action.EITHER),
    ]


def test_a_clean_line_merge_that_breaks_the_graph_is_noticed() -> None:
    local, remote = edit(BASE, *RENAMED), edit(BASE, after_nodes(TRANSLATE))
    joined = edit(local, after_nodes(TRANSLATE))
    assert new_flaws(local.encode(), remote.encode(), joined.encode()) == (
        "${clean.output} names a node that is gone after the merge",
    )
    assert new_flaws(joined.encode(), remote.encode(), joined.encode()) == ()


def test_of_two_new_orders_ours_is_kept_and_that_is_said() -> None:
    nodes = ["- name: a\n", "- name: b\n", "- name: c\n"]
    base, local, remote = ("nodes:\n" + "".join(nodes[i] for i in order) for order in ((0, 1, 2), (1, 0, 2), (2, 1, 0)))
    result = merge(base, local, remote)
    assert result.content.decode() == local
    assert [(d.path, d.action) for d in result.decisions] == [("nodes", Action.LOCAL)]
    assert "order" in result.decisions[0].reason


def test_a_comment_indented_below_an_entry_moves_with_it() -> None:
    base = "nodes:\n- name: a\n  # about a\n\n# about b\n- name: b\nx: 1\n"
    remote = "nodes:\n# about b\n- name: b\n- name: a\n  # about a\nx: 1\n"
    result = merge(base, base.replace("x: 1", "x: 2"), remote)
    assert result.content.decode() == "nodes:\n\n# about b\n- name: b\n- name: a\n  # about a\nx: 2\n"


def test_a_text_that_would_not_say_what_was_decided_is_not_given() -> None:
    # The literal has no line end, and would get one (and so another value) from what comes after it.
    base = "b: 1\na: |\n  x"
    result = merge(base, base.replace("b: 1", "b: 2"), "b: 1\na: |-\n  x\nc: 1\n")
    assert result.unable == "its parts do not fit together"
    assert result.content == b""
