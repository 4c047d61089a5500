"""Three-way merge of the lines of one text, such as a description or a prompt kept inside a definition."""

MAX_LINES = 400  # matching is quadratic


def merged_lines(base: list[str], local: list[str], remote: list[str]) -> list[str] | None:
    """Returns the lines with both sides' edits, or None if these touch each other."""
    if max(len(base), len(local), len(remote)) > MAX_LINES:
        return None
    edits = sorted([*_edits(base, local, 0), *_edits(base, remote, 1)])
    result: list[str] = []
    done = 0
    previous: tuple[int, int, int, list[str]] | None = None
    for start, end, side, new in edits:
        if previous is not None and (start, end, new) == (previous[0], previous[1], previous[3]):
            continue
        if previous is not None and previous[2] != side and start <= previous[1]:
            return None
        result += base[done:start] + new
        done = end
        previous = (start, end, side, new)
    return result + base[done:]


def _edits(base: list[str], side: list[str], number: int) -> list[tuple[int, int, int, list[str]]]:
    from difflib import SequenceMatcher  # here, since few merges need it and each start pays for it

    matcher = SequenceMatcher(None, base, side, autojunk=False)
    return [
        (start, end, number, side[new_start:new_end])
        for tag, start, end, new_start, new_end in matcher.get_opcodes()
        if tag != "equal"
    ]
