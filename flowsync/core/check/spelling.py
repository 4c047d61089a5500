"""What a misspelt name was meant to be. difflib knows more, and takes longer to import than a flow to check."""

from collections.abc import Iterable

_MANY = 200


def nearest(wrong: str, known: Iterable[str]) -> str:
    """Returns a fix that names the likeliest meaning; empty for the rule's own."""
    names = sorted(known)
    for name in names if len(names) <= _MANY else ():
        if name.casefold() == wrong.casefold() or _one_apart(name, wrong):
            return f"Did you mean {name!r}?"
    return ""


def _one_apart(one: str, other: str) -> bool:
    """Tells whether one letter added, dropped, changed or two swapped turn one name into the other."""
    if abs(len(one) - len(other)) > 1 or len(one) > 200:
        return False
    start = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    if len(one) == len(other):
        swapped = one[start : start + 2][::-1] == other[start : start + 2]
        return one[start + 1 :] == other[start + 1 :] or (swapped and one[start + 2 :] == other[start + 2 :])
    longer, shorter = (one, other) if len(one) > len(other) else (other, one)
    return longer[start + 1 :] == shorter[start:]
