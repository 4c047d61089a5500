"""Rules about text as text: YAML that does not parse, duplicate keys, tabs, CRLF, merge markers. Group 0."""

import re
from itertools import islice

from flowsync.core.check.subject import MAX_ALIKE, TOP, Subject
from flowsync.core.document import Document, Problem, span_in

_MARKER = re.compile(r"^(?:<{7}|\|{7}|>{7})(?= |$)|^={7}\r?$", re.MULTILINE)
_TAB = re.compile(r"^[ ]*\t[\t ]*[^\s#]", re.MULTILINE)

_CODES = {"syntax": "FS001", "duplicate": "FS002", "encoding": "FS006", "limit": "FS007"}


def check_markers(subject: Subject, path: str, text: str) -> bool:
    """Reports Git's merge markers, one finding for each conflict; tells whether there are any."""
    if "<<<<<<<" not in text and ">>>>>>>" not in text:
        return False  # a lone ======= underlines a heading
    markers = (marker for marker in _MARKER.finditer(text) if marker.group().startswith(("<", ">")))
    spans = [span_in(text, marker.start(), marker.end()) for marker in islice(markers, MAX_ALIKE)]
    for span in spans:
        subject.report("FS003", path, span, "This is a Git merge marker.")
    return bool(spans)


def check_yaml(subject: Subject, path: str, document: Document) -> None:
    """Reports what kept a YAML file from being parsed, or would in another reader."""
    text = document.text
    if check_markers(subject, path, text) and not document.parsed:
        return  # the markers are why
    for problem in document.problems:
        if problem.kind == "syntax" and (tab := _tab_near(text, problem)):
            subject.report("FS004", path, span_in(text, tab, tab + 1), "YAML is indented with a tab here.")
        else:
            subject.report(_CODES[problem.kind], path, problem.span, _sentence(problem.message))
    if "\r" in text:
        at = text.index("\r")
        subject.report("FS005", path, span_in(text, at, at + 1), "The file has CRLF line ends.")
    if document.parsed and document.root is None:
        subject.report("FS213", path, TOP, "The definition is empty.")


def _tab_near(text: str, problem: Problem) -> int | None:
    """Returns where a tab indents the line of a syntax error, or the one before; the parser points at either."""
    end = text.find("\n", problem.span.start)
    start = text.rfind("\n", 0, max(text.rfind("\n", 0, problem.span.start), 0)) + 1
    found = _TAB.search(text, start, end if end >= 0 else len(text))
    return text.index("\t", found.start()) if found else None


def _sentence(message: str) -> str:
    return message[:1].upper() + message[1:] + "."
