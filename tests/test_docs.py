"""The documents: every picture and file they point to is there, and no picture lies about unused."""

import re
from pathlib import Path

import pytest

from tests.screenshots import IN_DOCS

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"(!?)\[[^\]]*\]\(([^)\s#]+)[^)]*\)")


def targets(page: Path, *, pictures: bool) -> set[Path]:
    """The files a page points to; addresses of other sites are left out."""
    found = LINK.findall(page.read_text(encoding="utf-8"))
    return {(page.parent / to).resolve() for mark, to in found if bool(mark) == pictures and "://" not in to}


@pytest.mark.parametrize("document", PAGES, ids=lambda document: str(document.relative_to(ROOT)))
def test_what_a_page_points_to_exists(document):
    wanted = targets(document, pictures=True) | targets(document, pictures=False)

    assert {path.relative_to(ROOT) for path in wanted if not path.exists()} == set()


def test_every_picture_is_shown_somewhere_and_none_is_heavy():
    shown = set().union(*(targets(page, pictures=True) for page in PAGES))
    kept = set((ROOT / "docs" / "images").iterdir())

    assert kept == shown
    assert {path.stem for path in kept} == IN_DOCS
    assert {path.name for path in kept if path.stat().st_size > 250_000} == set()
