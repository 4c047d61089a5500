"""Any bytes: merge, semantic diff and drawing never raise, never take long, never need much memory.

The long run (``--slow``) takes ten minutes; ``FLOWSYNC_FUZZ_SECONDS`` sets another length.
"""

import os
import random
import re
import resource
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowsync.core.graph import as_mermaid, as_text, changed_graph, graph_of
from flowsync.core.merge import merge_flow, new_flaws, undecided
from flowsync.core.merge.writing import Markers
from flowsync.core.semantic import semantic_diff
from merge_scenarios import BASE, CONFLICTS, MERGES, VARIANTS

WORDS = (
    r"\n|\r\n|\r| |  |\t|- |: |:|# x\n|{|}|[|]|,|'|\"|>-\n|&a |*a|!!int |!t |? |---\n|...\n|%YAML 1.1\n"
    r"|\xef\xbb\xbf|\xff|\x00|\xc2\x85|\xe2\x80\xa8|<<: *a\n|name: |nodes:\n|inputs: {}\n|${|~"
    r"|<<<<<<< x\n|=======\n|>>>>>>> y\n|\\|null|0x|1e999|.nan"
)
SNIPPETS = [word.encode("latin-1").decode("unicode_escape").encode("latin-1") for word in WORDS.split("|")]
SNIPPETS += [b"|\n", b"|+\n", b"|2-\n"]
SEEDS = [text.encode() for s in (*MERGES, *CONFLICTS) for text in (s.base, s.local, s.remote) if text is not None]
MARKERS = Markers("ours", "base", "theirs")


def everything(base: bytes, local: bytes, remote: bytes) -> None:
    """Runs all that takes bytes, and checks what must hold for any."""
    merged = merge_flow(base, local, remote, MARKERS)
    if merged.unable:
        assert not merged.content
    elif not merged.conflicts:
        again = merge_flow(base, merged.content, remote, MARKERS)
        # Where a comment belongs may change with what stands around it; what is said may not.
        assert again.unable or not semantic_diff(merged.content, again.content).changes
    assert merge_flow(base, base, remote).content == remote
    assert merge_flow(base, local, base).content == local
    new_flaws(local, remote, merged.content)
    merged.to_json()
    followed = merge_flow(base, local, remote, follow_renames=True)
    assert bool(followed.unable) <= bool(merged.unable) or followed.unable
    undecided(base, local, remote, MARKERS, "x")
    diff = semantic_diff(base, local)
    assert len(diff.summary()) <= 100
    assert all(line.isprintable() for line in diff.lines())
    as_text(changed_graph(base, remote))
    as_mermaid(graph_of(local))


def mutated(content: bytes, choice: random.Random) -> bytes:
    """Returns the content after a few random edits: mostly such that it stays YAML, sometimes of any bytes."""
    for _ in range(choice.randint(1, 3)):
        content = (_of_bytes if choice.random() < 0.12 else _of_lines)(content, choice)
    return content


def _of_lines(content: bytes, choice: random.Random) -> bytes:
    lines = content.splitlines(keepends=True) or [b""]
    at = choice.randrange(len(lines))
    line, kind = lines[at], choice.randrange(6)
    indent = line[: len(line) - len(line.lstrip(b" "))]
    words = re.findall(rb"[\w.$\{\}/-]+", content)
    if kind == 0 and words:
        lines[at] = re.sub(rb"[\w.$\{\}/-]+(?=\s*$)", choice.choice(words).replace(b"\\", b""), line)
    elif kind == 1:
        del lines[at]
    elif kind == 2:
        lines.insert(at, indent + b"# said\n")
    elif kind == 3:
        lines[at] = line.rstrip(b"\r\n") + b"  # beside\n"
    elif kind == 4:
        lines.insert(at, indent + b"new_%d: %d\n" % (choice.randrange(3), choice.randrange(3)))
    elif at and lines[at - 1].startswith(indent) and not lines[at - 1].startswith(indent + b" "):
        lines[at - 1 : at + 1] = [line, lines[at - 1]]
    return b"".join(lines)


def _of_bytes(content: bytes, choice: random.Random) -> bytes:
    data = bytearray(content)
    start = choice.randrange(len(data) + 1)
    end = min(len(data), start + choice.choice([0, 0, 1, 2, 8, 60]))
    kind = choice.randrange(3)
    if kind == 0:
        data[start:end] = choice.choice(SNIPPETS)
    elif kind == 1:
        data[start:end] = bytes(data[end : end + 40])
    else:
        data[start:end] = bytes(choice.randrange(256) for _ in range(choice.randint(0, 3)))
    return bytes(data)


def fuzz(choice: random.Random) -> None:
    """One case: three versions, each near some flow."""
    base = choice.choice(SEEDS)
    versions = [base, mutated(base, choice), mutated(base, choice)]
    if choice.random() < 0.3:
        versions[0] = mutated(base, choice)
    started = time.process_time()
    try:
        everything(*versions)
    except Exception as error:
        raise AssertionError(f"failed for {versions!r}") from error
    assert time.process_time() - started < 5, f"slow for {versions!r}"


def test_near_flows() -> None:
    choice = random.Random(20261122)
    for _ in range(120):
        fuzz(choice)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(*[st.one_of(st.binary(max_size=200), st.lists(st.sampled_from(SNIPPETS), max_size=30).map(b"".join))] * 3)
def test_any_bytes(base: bytes, local: bytes, remote: bytes) -> None:
    everything(base, local, remote)


MEGABYTE = 1 << 20
READABLE = 500_000  # bytes; a little less than what is read at all


def repeated(template: bytes, count: int) -> bytes:
    """Returns the template ``count`` times, with ``#`` counting."""
    return b"".join(template.replace(b"#", b"%d" % number) for number in range(count))


HUGE = {
    "nul": b"\0" * MEGABYTE,
    "one line": b"a" * MEGABYTE,
    "keys": repeated(b"k#: 1\n", 120_000),
    "nodes": b"nodes:\n" + repeated(b"- {name: n#, inputs: {x: '${n#.output}'}}\n", 25_000),
    "open brackets": b"[" * MEGABYTE,
    "open braces": b"{a: " * (MEGABYTE // 4),
    "dashes": b"- " * (MEGABYTE // 2),
    "nested": b"\n".join(b" " * n + b"a:" for n in range(1_400)),
    "anchors": repeated(b"a#: &a# x\n", 60_000),
    "laughs": b"a: &a [x]\n" + repeated(b"a#: &b# [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n", 25_000),
    "literal": b"a: |\n" + b"  line\n" * 140_000,
    "comments": b"# c\n" * 250_000 + b"a: 1\n",
    "long comments": b"# what is said here\n" * 50_000 + b"a: 1\n",
    "blank": b"\n" * MEGABYTE,
    "quotes": b"'" * MEGABYTE,
    "description": b"description: |\n" + repeated(b"  #\n", 100_000),
    "all that is read": b"nodes:\n" + repeated(b"- name: n#\n  inputs: {x: '${n#.output}'}\n", 730),
    "all that is read, with long texts": b"nodes:\n" + repeated(b"- name: n#\n  comment: " + b"x" * 500 + b"\n", 900),
}


@pytest.mark.parametrize("size", [pytest.param(READABLE, marks=pytest.mark.slow), MEGABYTE])
def test_a_megabyte(size: int) -> None:
    """In a process of its own, so that a crash of the parser's C code would be seen, and memory is its own."""
    code = "import sys, test_merge_fuzz; test_merge_fuzz.measured(int(sys.argv[1]))"
    folder = os.path.dirname(__file__)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([folder, os.path.dirname(folder)])}
    command = [sys.executable, "-c", code, str(size)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-500:] + done.stderr[-2000:]
    assert done.stdout.count("\n") >= 4 * (len(HUGE) - 3)


def measured(size: int) -> None:
    """Merges and compares variations of huge inputs: a second for each text, and at most ten times its memory."""
    resource.setrlimit(resource.RLIMIT_CPU, (240, 240))
    for name, content in HUGE.items():
        if len(content) > READABLE or size == READABLE:
            measure(name, content[:size])


def measure(name: str, base: bytes) -> None:
    local, remote = base + b"\nx: 1\n", b"y: 2\n" + base
    calls: dict[str, tuple[int, Callable[[], object]]] = {
        "merge": (3, lambda: merge_flow(base, local, remote)),
        "flaws": (3, lambda: new_flaws(base, local, remote)),
        "diff": (2, lambda: (diff := semantic_diff(base, remote)).summary() + "".join(diff.lines())),
        "graph": (1, lambda: as_text(graph_of(base))),
    }
    for what, (texts, call) in calls.items():
        started = time.process_time()
        call()
        spent = time.process_time() - started
        tracemalloc.start()
        call()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        print(
            f"{name:33} {what:6} {spent:6.3f} s {peak / 1e6:7.2f} MB for {texts} texts of {len(base) / 1e6:5.2f} MB",
            flush=True,
        )
        assert spent < 2 * texts, f"{what} took {spent:.2f} s of CPU"  # 1 s for each, on a busy machine twice that
        assert peak < 10 * max(texts * len(base), MEGABYTE), f"{what} took {peak} bytes"


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_near_flows_for_minutes() -> None:
    seconds = float(os.environ.get("FLOWSYNC_FUZZ_SECONDS", "600"))
    seed = random.randrange(1 << 32)
    choice = random.Random(seed)
    end, cases = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        fuzz(choice)
        cases += 1
    print(f"{cases} cases, seed {seed}")
    assert cases > seconds  # a case takes about a hundredth of a second


def test_the_seeds_are_flows() -> None:
    assert BASE.encode() in SEEDS
    assert VARIANTS.encode() in SEEDS
