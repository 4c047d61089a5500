"""Which changes are renames: same content, gone here and come there, each path once."""

import pytest

from flowsync.core.moves import renames
from flowsync.core.tree import Blob, File, Path, diff

CASES = """
# before           after              new=old
a1                 b1                 b=a
a1                 b2                 .
a1                 a1b1               .
a1b1               c1                 c=a
a1                 b1c1               b=a
a1b2               b1a2               .
a1b1               c1d1               c=a,d=b
# the same name elsewhere, then the same folder
a1x/f1             y/f1a1             y/f=x/f
x/f1x/g1           y/g1               y/g=x/g
x/f1y/f1           x/h1               x/h=x/f
# the definition stays out of it
flow.dag.yaml1     old.yaml1          .
old.yaml1          flow.dag.yaml1     .
# what must go before the new one comes
a1                 A1                 .
a1                 a/b1               .
a/b1               a1                 .
"""


def tree(text: str) -> dict[Path, File]:
    files, name = {}, ""
    for letter in text:
        if letter.isdigit():
            files[Path(name)] = File(Blob(letter * 40))
            name = ""
        else:
            name += letter
    return files


@pytest.mark.parametrize("line", [line for line in CASES.strip().splitlines() if not line.startswith("#")])
def test_renames(line: str) -> None:
    before, after, wanted = line.split()
    found = renames(diff(tree(before), tree(after)))
    assert (",".join(f"{new}={old}" for new, old in found.items()) or ".") == wanted
