import json
import re
from pathlib import Path

from promptflow.core import tool

MENU = Path(__file__).with_name("menu.jsonl")
AVOIDING = {"allergic", "free", "no", "without"}


def words_of(text: str) -> set[str]:
    """Returns the words in lower case, without a plural s."""
    return {word.rstrip("s") for word in re.findall(r"\w+", text.lower())}


def matching(question: str, menu: list[dict]) -> list[dict]:
    """Returns the loaves that the question names, or, for "anything without nuts?", those that lack what it names."""
    words = words_of(question)
    avoided = words & {allergen for loaf in menu for allergen in loaf["allergens"]}
    if avoided and words & AVOIDING:
        return [loaf for loaf in menu if not avoided & set(loaf["allergens"])]
    return [loaf for loaf in menu if words & words_of(loaf["name"])]


@tool
def look_up(question: str, chat_history: list, at_most: int) -> list:
    """Returns the menu's entries that are meant; a question that names none is about those of the question before."""
    menu = [json.loads(line) for line in MENU.read_text(encoding="utf-8").splitlines()]
    earlier = [turn["inputs"]["question"] for turn in reversed(chat_history)]
    for asked in [question, *earlier]:
        if found := matching(asked, menu):
            return found[:at_most]
    return []
