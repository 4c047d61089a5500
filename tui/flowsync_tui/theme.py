"""Colours: the high-contrast theme, and the styles that own-drawn widgets use, by the names of ``view.format``."""

from collections.abc import Mapping
from contextlib import suppress

from rich.style import Style
from textual.color import Color, ColorParseError
from textual.theme import Theme

HIGH_CONTRAST = Theme(
    name="flowsync-hc",
    dark=True,
    primary="#00d7ff",
    secondary="#ffff00",
    accent="#ff87ff",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#1c1c1c",
    success="#5fff5f",  # told from error by brightness as well as by hue
    warning="#ffd700",
    error="#ff5f5f",
    variables={
        "block-cursor-background": "#005f87",
        "block-cursor-foreground": "#ffffff",
        "border": "#ffffff",
        "text-muted": "#d0d0d0",
    },
)
DEFAULT = "textual-dark"
# what a style's name means: a colour of the theme, and more
_MEANING: Mapping[str, tuple[str, Style]] = {
    "plain": ("foreground", Style()),
    "good": ("text-success", Style()),
    "here": ("text-primary", Style()),
    "there": ("text-secondary", Style()),
    "both": ("text-accent", Style()),
    "waits": ("text-warning", Style()),
    "bad": ("text-error", Style(bold=True)),
    "busy": ("text-primary", Style(bold=True)),
    "strong": ("foreground", Style(bold=True)),
    "key": ("text-accent", Style(bold=True)),
    "added": ("text-success", Style()),
    "removed": ("text-error", Style()),
}


class Styles:
    """The styles of the current theme, looked up by name and background; worked out once each."""

    def __init__(self, variables: Mapping[str, str], monochrome: bool = False) -> None:
        self._variables = variables
        self._known: dict[tuple[str, str], Style] = {}
        self._monochrome = monochrome

    def colour(self, name: str) -> Color | None:
        """Returns a colour of the theme; None where the terminal's own default is meant."""
        for wanted in (name, name.removeprefix("text-")):
            with suppress(KeyError, ColorParseError):
                return Color.parse(self._variables[wanted])
        return None

    def get(self, name: str, background: str = "background") -> Style:
        """Returns a style on a background: ``background``, ``cursor`` or ``resting`` (a cursor without the focus)."""
        found = self._known.get((name, background))
        if found is None:
            found = self._known[name, background] = self._made(name, background)
        return found

    def _made(self, name: str, background: str) -> Style:
        behind = self._behind(background)
        shaded = behind is not None and behind.ansi is None and not self._monochrome
        turned = Style(reverse=background == "cursor" and not shaded)  # where no shade tells the row
        if name == "quiet":
            return self._quiet(behind) + turned
        if name == "conflict":
            return self._alarm(behind)
        colour, more = _MEANING.get(name, _MEANING["plain"])
        ink = self.colour(colour)
        style = Style(color=ink.rich_color if ink else None, bgcolor=behind.rich_color if behind else None)
        return style + more + turned

    def _behind(self, background: str) -> Color | None:
        ground, mark = self.colour("background"), self.colour("primary")
        if background == "background" or ground is None or mark is None or ground.ansi is not None:
            return ground
        return ground.blend(mark, 0.35 if background == "cursor" else 0.12)

    def _alarm(self, behind: Color | None) -> Style:
        """Returns what cannot be overlooked, in colour and without."""
        red = self.colour("error")
        if red is None or red.ansi is not None or self._monochrome:
            return Style(bold=True, reverse=True, bgcolor=behind.rich_color if behind else None)
        return Style(bold=True, color=red.get_contrast_text(1.0).rich_color, bgcolor=red.rich_color)

    def _quiet(self, behind: Color | None) -> Style:
        ink = self.colour("foreground")
        if ink is None or behind is None or ink.ansi is not None or behind.ansi is not None:
            return Style(dim=True, bgcolor=behind.rich_color if behind else None)
        return Style(color=behind.blend(ink, 0.7).rich_color, bgcolor=behind.rich_color)
