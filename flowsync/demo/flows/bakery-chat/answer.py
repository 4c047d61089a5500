from promptflow.core import tool

PRICE_HINTS = ("cost", "how much", "price")
DAY_HINTS = ("day", "fresh", "when")
LOST = "I am only a bakery's chat window: ask me what a loaf is made of, what it costs, or when we bake it."


def sentence_on(loaf: dict, question: str) -> str:
    """Returns what the question wants to know about one loaf."""
    name = loaf["name"]
    if any(hint in question for hint in PRICE_HINTS):
        return f"The {name} is {loaf['price']:.2f} euros."
    if any(hint in question for hint in DAY_HINTS):
        return f"We bake the {name} on {loaf['days']}."
    return f"The {name}: {loaf['made_of']}. {loaf['story']}"


@tool
def answer(question: str, loaves: list) -> str:
    """Returns the reply, from the menu's entries alone."""
    return " ".join(sentence_on(loaf, question.lower()) for loaf in loaves) or LOST
