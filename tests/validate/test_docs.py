"""docs/rules.md says what the rulebook says."""

from pathlib import Path

from flowsync.cli.rules_page import page
from flowsync.core.rulebook import RULES

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_is_current():
    written = (DOCS / "rules.md").read_text(encoding="utf-8")
    assert written == page(), "run: python -m flowsync.cli.rules_page > docs/rules.md"


def test_every_rule_is_on_it():
    for rule in RULES.values():
        assert f"| {rule.code} {rule.name} |" in page()
