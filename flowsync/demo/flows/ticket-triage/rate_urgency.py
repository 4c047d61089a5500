import re

from promptflow.core import tool

SAFETY_WORDS = {"allergic", "allergy", "choked", "glass", "ill", "mould", "sick"}
GRATEFUL_WORDS = {"delicious", "lovely", "thank", "thanks", "wonderful"}


@tool
def rate_urgency(letter: dict, patience_hours: int, urgent_words: list) -> dict:
    """Returns the letter's priority, the hours in which to answer, and the words that decided it.

    patience_hours is how long an ordinary letter may wait.
    """
    words = set(re.findall(r"\w+", letter["text"].lower()))
    if because := words & SAFETY_WORDS:
        priority, hours = "high", 1
    elif because := words & set(urgent_words):
        priority, hours = "high", max(1, patience_hours // 6)
    elif because := words & GRATEFUL_WORDS:
        priority, hours = "low", patience_hours * 3
    else:
        priority, hours = "normal", patience_hours
    return {"priority": priority, "reply_within_hours": hours, "because": sorted(because)}
