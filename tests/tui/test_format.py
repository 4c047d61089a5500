"""Names from elsewhere, glyphs and ages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from flowsync_tui.view.format import LOOKS, ORDER, age, clean, fit, look, to_ascii

HOSTILE = {
    "control": "chat\x1b[2J\x07\x00",
    "c1": "chat\x9b31m",
    "right to left": "chat\u202egnp.exe\u2066",
    "line end": "chat\r\nsecond\tline",
    "separators": "a\u2028b\u2029c\u0085d",
    "hidden": "a\u200bb\ufeffc\u2060d",
    "surrogate": "a\udcffb",
    "piled up": "e" + "\u0301" * 200,
    "begins with a mark": "\u0301chat",
    "markup": "[bold red]chat[/] [link=http://x]y[/link] {x} $x",
    "wide": "流程" * 40,
    "emoji": "👩\u200d🚀" * 30,
    "long": "x" * 10_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_name_becomes_one_harmless_line(text: str) -> None:
    shown = clean(text)
    assert all(one == " " or one.isprintable() for one in shown)
    assert len(shown) <= 24_000
    assert cell_len(fit(shown, 20)) == 20


def test_marks_do_not_climb_over_the_lines_above() -> None:
    assert clean("e" + "\u0301" * 200) == "e" + "\u0301" * 3
    assert clean("\u0301chat") == "\u25cc\u0301chat"


@given(st.text(st.characters(codec=None, exclude_categories=()), max_size=40), st.integers(1, 60))
def test_any_text_fits_exactly(text: str, width: int) -> None:
    shown = clean(text)
    assert shown.isprintable() or shown == ""
    assert cell_len(fit(shown, width)) == width


@given(st.text(max_size=40))
def test_ascii_keeps_its_width(text: str) -> None:
    shown = clean(text)
    assert to_ascii(shown).isascii()
    assert cell_len(to_ascii(shown)) == cell_len(shown)


def test_ordinary_names_stay_as_they_are() -> None:
    for name in ("chat", "Käse-flow", "流程", "a b", "naïve.v2"):
        assert clean(name) == name


def test_a_state_is_told_by_word_and_glyph_and_by_one_cell_each() -> None:
    for state, shown in LOOKS.items():
        assert cell_len(shown.glyph) == 1, state
        assert shown.ascii.isascii() and len(shown.ascii) == 1, state
    assert len({shown.ascii for shown in LOOKS.values()}) == len(LOOKS)
    assert set(ORDER) == set(LOOKS)


def test_a_state_that_is_new_to_this_version_looks_unknown() -> None:
    assert look("frozen").glyph == "?"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "now"), (12, "12 s"), (240, "4 min"), (7200, "2 h"), (3 * 86400, "3 d"), (800 * 86400, "2 y")],
)
def test_ages(seconds: float, said: str) -> None:
    assert age(seconds) == said
