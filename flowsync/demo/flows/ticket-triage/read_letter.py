import re

from promptflow.core import tool

ORDER_NUMBER = re.compile(r"\bCR-\d{4}\b")


@tool
def read_letter(subject: str, body: str) -> dict:
    """Returns the customer's own words and the order number in them ("" if there is none)."""
    own_lines = []
    for line in body.splitlines():
        if line.rstrip() == "--":  # a mail signature starts here
            break
        if not line.startswith(">"):  # quoted from an earlier mail
            own_lines.append(line.strip())
    text = "\n".join([subject.strip(), *filter(None, own_lines)])
    order = ORDER_NUMBER.search(text)
    return {"text": text, "order": order.group() if order else ""}
