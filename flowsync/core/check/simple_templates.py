"""What a simple template uses, read without Jinja2: most prompts are simple, and importing Jinja2 takes longer than
all else that a hook does.

What belongs here: prints of names, ``for`` and ``if`` over names, comments. Anything else, down to a name that Jinja2
might know itself, is left to Jinja2. ``tests/core/test_check.py`` holds both to the same answers.
"""

import re

# Names that Jinja2 defines or reads in a way of its own.
_SPECIAL = frozenset(
    {
        *("true", "false", "none", "True", "False", "None", "not", "and", "or", "in", "is", "if", "else", "elif"),
        *("for", "endfor", "endif", "loop", "self", "super", "caller", "varargs", "kwargs", "recursive"),
        *("range", "dict", "lipsum", "cycler", "joiner", "namespace", "_"),
    }
)
_NAME = r"([a-zA-Z_][a-zA-Z0-9_]{0,100})"
_PATH = _NAME + r"(?:\.[a-zA-Z_][a-zA-Z0-9_]{0,100}|\[[0-9]{1,9}\]|\['[a-zA-Z0-9_]{1,100}'\]){0,20}"
_TAG = re.compile(
    rf"\{{\{{-?[ ]*(?P<print>{_PATH})[ ]*-?\}}\}}"
    rf"|\{{%-?[ ]*(?P<test>if|elif)[ ]+{_PATH}[ ]*-?%\}}"
    rf"|\{{%-?[ ]*for[ ]+(?P<target>{_NAME})[ ]+in[ ]+{_PATH}[ ]*-?%\}}"
    r"|\{%-?[ ]*(?P<word>else|endif|endfor)[ ]*-?%\}"
    r"|\{#(?P<comment>[^{}#]{0,2000})#\}"
)
_OPEN = re.compile(r"\{[{%#]")
_PRINT, _TEST, _TARGET, _OVER = 2, 4, 6, 7
_MAX_TAGS = 2_000


def variables(text: str) -> dict[str, int] | None:
    """Returns the names that a template must be given, each with the offset of its first use; None if not simple."""
    found: dict[str, int] = {}
    blocks: list[tuple[str, str]] = []  # (if, "") or (for, its target)
    end = tags = 0
    for start in _OPEN.finditer(text):
        if start.start() < end:
            continue
        tag = _TAG.match(text, start.start())
        tags += 1
        if tag is None or tags > _MAX_TAGS or not _take(tag, found, blocks):
            return None
        end = tag.end()
    return None if blocks else found


def _take(tag: re.Match[str], found: dict[str, int], blocks: list[tuple[str, str]]) -> bool:
    """Notes what a tag uses, opens and closes; tells whether it is simple and in its place."""
    if word := tag.group("word"):
        return _close(word, blocks)
    if tag.group("comment") is not None:
        return True
    bound = {target for _, target in blocks}
    group = _PRINT if tag.group("print") else _TEST if tag.group("test") else _OVER
    name = tag.group(group)
    target = tag.group("target") or ""
    if name in _SPECIAL or target in _SPECIAL:
        return False
    if name not in bound:
        found.setdefault(name, tag.start(group))
    if target:
        blocks.append(("for", target))
    elif tag.group("test") == "if":
        blocks.append(("if", ""))
    elif tag.group("test"):
        return bool(blocks) and blocks[-1][0] == "if"
    return True


def _close(word: str, blocks: list[tuple[str, str]]) -> bool:
    if not blocks:
        return False
    kind = blocks[-1][0]
    if word == "else":
        if kind != "if":
            return False
        blocks[-1] = ("else", "")
        return True
    right = {"endif": ("if", "else"), "endfor": ("for",)}[word]
    blocks.pop()
    return kind in right
