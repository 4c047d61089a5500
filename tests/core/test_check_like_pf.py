"""What prompt flow takes is no error here, and what it refuses is one: small flows that people write.

Each verdict was taken from promptflow 1.18.5: ``pf flow validate``, ``pf flow test`` with a stand-in for the model.
``tests/validate/test_like_pf.py`` asks the real one again, where it is installed.
"""

import pytest

from flows_like_pf import ACCEPTED, REFUSED
from flowsync.core.check import check


def errors(files):
    return [f"{f.path}:{f.line}:{f.column} {f.code} {f.message}" for f in check(files) if f.severity == "error"]


@pytest.mark.parametrize("name", ACCEPTED)
def test_accepted(name):
    assert errors(ACCEPTED[name]) == []


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    code, files = REFUSED[name]
    assert code in {finding.code for finding in check(files)}


def test_what_a_merge_key_brings_is_where_it_is_written():
    files = ACCEPTED["merge keys"] | {"shout.py": b"def f(text): ...\n"}
    found = [(f.path, f.line) for f in check(files) if f.code == "FS309"]
    assert found == [("shout.py", 1)]
    missing = {path: content for path, content in ACCEPTED["merge keys"].items() if path != "shout.py"}
    places = [(f.line, f.column) for f in check(missing) if f.code == "FS301"]
    assert places == [(8, 38)]


def test_a_mapping_merged_into_itself_many_times_over_takes_no_time():
    lines = ["a0: &a0 {type: string}"]
    lines += [f"a{i}: &a{i} {{<<: [*a{i - 1}, *a{i - 1}, *a{i - 1}]}}" for i in range(1, 40)]
    text = "\n".join([*lines, "inputs:", "  x:", "    <<: *a39", "nodes: []\noutputs: {}\n"])
    assert errors({"flow.dag.yaml": text.encode()}) == []
