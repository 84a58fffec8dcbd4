"""What each figure means stands in the guide in the words of the page itself."""

from __future__ import annotations

import textwrap
from pathlib import Path

from treatments.views.report_kinds import KINDS
from treatments.views.report_months import CLOSING, LABELS

GUIDE = Path(__file__).resolve().parents[3] / "docs" / "guide" / "figures.md"


def page() -> str:
    """docs/guide/figures.md, from the constants that the pages show."""
    lines = ["# What the figures of the reports mean", "", "In the words of *How this is counted* on each page.", ""]
    for kind in KINDS.values():
        lines += [f"## {kind.question}", ""]
        for words in kind.definition:
            lines += [*textwrap.wrap(str(words), 120), ""]
        if kind.slug in LABELS:
            kept = ", ".join(str(label).lower() for label in LABELS[kind.slug].values())
            lines += [*textwrap.wrap(f"Kept for each month: {kept}.", 120), ""]
    return "\n".join([*lines, *textwrap.wrap(str(CLOSING), 120), ""])


def test_the_guide_has_the_definitions_of_the_pages():
    assert GUIDE.read_text(encoding="utf-8") == page()


def test_every_question_ends_with_its_mark_and_every_definition_is_whole():
    for kind in KINDS.values():
        assert str(kind.question).endswith("?")
        assert all(str(words).endswith(".") and "%(" not in str(words) for words in kind.definition)
