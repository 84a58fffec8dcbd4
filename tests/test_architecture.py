"""What holds for the whole tree: where things lie, what may import what, what a template may contain."""

import ast
import base64
import hashlib
import os
import re
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest
from bootstrap_wrapper import get_bootstrap_dir
from django.core.management import call_command
from django.template.loader import get_template

ROOT = Path(__file__).resolve().parent.parent
TOP_LEVEL = {
    ".ci", ".gitignore", "LICENSE", "Makefile", "README.md", "clinic", "docs", "manage.py", "pyproject.toml",
    "requirements-dev.in", "requirements-dev.txt", "requirements.in", "requirements.txt", "templates", "tests",
    "treatments",
}  # fmt: skip
PACKAGES = ("clinic", "treatments")
NOT_IN_TEMPLATES = {
    "script without a file": r"<script(?![^>]*\ssrc=)",
    "style element": r"<style\b",
    "style attribute": r"\sstyle\s*=",
    "event attribute": r"\son[a-z]+\s*=",
    "htmx code": r"\shx-on\b|['\"]js:|javascript:",
    "another site's file": r"<(?:script|img|source|iframe|link)\b[^>]*\s(?:src|href)=['\"](?:https?:)?//",
}


def templates() -> list[Path]:
    return sorted(path for folder in ("templates", *PACKAGES) for path in (ROOT / folder).rglob("*.html"))


def files() -> list[Path]:
    ours = ("templates", "tests", "docs", *PACKAGES)
    return [path for folder in ours for path in (ROOT / folder).rglob("*") if path.is_file()]


def problems_in(markup: str) -> list[str]:
    without_comments = re.sub(r"\{#.*?#\}|\{% comment %\}.*?\{% endcomment %\}", "", markup, flags=re.DOTALL)
    return [name for name, pattern in NOT_IN_TEMPLATES.items() if re.search(pattern, without_comments, re.IGNORECASE)]


def test_top_level_holds_what_it_should_and_no_more():
    lines = [line.strip().rstrip("/") for line in (ROOT / ".gitignore").read_text().splitlines()]
    ignored = [line for line in lines if line and not line.startswith("#")]

    found = {path.name for path in ROOT.iterdir() if not any(fnmatch(path.name, pattern) for pattern in ignored)}

    assert found - {".git"} == TOP_LEVEL


@pytest.mark.parametrize(
    ("markup", "problem"),
    [
        ("<script>go()</script>", "script without a file"),
        ("<style>p {}</style>", "style element"),
        ('<p style="color: red">', "style attribute"),
        ('<a href="#" onclick="go()">', "event attribute"),
        ('<a hx-on:click="go()">', "htmx code"),
        ('<link rel="stylesheet" href="https://cdn.example.org/a.css">', "another site's file"),
    ],
)
def test_a_problem_in_a_template_is_seen(markup, problem):
    assert problems_in(markup) == [problem]


def test_templates_have_no_inline_code_and_no_outside_files():
    assert templates(), "no template found: the test looks in the wrong place"

    assert {
        str(path.relative_to(ROOT)): found for path in templates() if (found := problems_in(path.read_text()))
    } == {}


def test_every_template_compiles():
    folder = ROOT / "templates"

    for path in folder.rglob("*.html"):
        get_template(str(path.relative_to(folder)))


def test_no_third_party_code_or_font_lies_in_the_tree():
    patterns = (
        "*.min.js",
        "*.min.css",
        "*.map",
        "*.woff",
        "*.woff2",
        "*.ttf",
        "*.otf",
        "package.json",
        "bootstrap*.css",
    )

    assert [path for path in files() if any(fnmatch(path.name, pattern) for pattern in patterns)] == []


def test_every_file_that_a_style_sheet_names_is_there(settings, tmp_path):
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"},
    }

    call_command("collectstatic", "--noinput", verbosity=0)

    assert (tmp_path / "staticfiles.json").exists()


def test_style_and_script_files_are_written_by_hand():
    ours = [path for path in files() if path.suffix in (".css", ".js")]

    assert [path for path in ours if max(map(len, path.read_text().splitlines()), default=0) > 300] == []


@pytest.mark.parametrize(
    ("name", "sha384"),
    [
        ("css/bootstrap.min.css", "sRIl4kxILFvY47J16cr9ZwB07vP4J8+LH7qKQnuqkuIAvNWLzeN8tE5YBujZqJLB"),
        ("js/bootstrap.bundle.min.js", "FKyoEForCGlyvwx9Hj09JcYn3nv7wiPVlz7YYwJrWVcXK/BmnVDxM+D2scQbITxI"),
    ],
)
def test_bootstrap_is_the_release_its_authors_published(name, sha384):
    content = (Path(get_bootstrap_dir()) / name).read_bytes()

    assert base64.b64encode(hashlib.sha384(content).digest()).decode() == sha384


def test_rules_import_the_standard_library_only():
    modules = sorted((ROOT / "treatments" / "rules").rglob("*.py"))
    outside = []
    for path in modules:
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and node.level == 0 else []
            outside += [
                f"{path.name}: {name}"
                for name in names
                if name.partition(".")[0] not in sys.stdlib_module_names
                and not f"{name}.".startswith("treatments.rules.")
            ]

    assert len(modules) > 1
    assert outside == []


def test_import_contracts_are_kept():
    pytest.importorskip("importlinter")
    command = [Path(sys.executable).parent / "lint-imports", "--no-cache"]

    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, env={**os.environ, "NO_COLOR": "1"}
    )

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.django_db
def test_no_migration_is_missing():
    try:
        call_command("makemigrations", "--check", "--dry-run", verbosity=1)
    except SystemExit:
        pytest.fail("a model has changed without its migration")


def test_every_requirement_is_pinned_and_has_its_reason():
    lines = [
        line for name in ("requirements.in", "requirements-dev.in") for line in (ROOT / name).read_text().splitlines()
    ]
    requirements = [line for line in lines if line and not line.startswith(("#", "-"))]

    assert [line for line in requirements if not re.fullmatch(r"[\w.\[\]-]+==[\w.]+  # \w.+", line)] == []


@pytest.mark.parametrize("name", ["requirements", "requirements-dev"])
def test_lock_files_hold_what_was_asked_for_with_hashes_and_no_address(name):
    asked = re.findall(r"^([\w.-]+)(?:\[[\w,]+\])?(==\S+)", (ROOT / f"{name}.in").read_text(), re.MULTILINE)
    locked = (ROOT / f"{name}.txt").read_text()

    pins = re.findall(r"^([\w.-]+)(?:\[[\w,]+\])?(==\S+)", locked.lower(), re.MULTILINE)
    missing = [package for package, pin in asked if (package.lower(), pin.lower()) not in pins]

    assert missing == []
    assert locked.count("--hash=sha256:") > len(asked)
    assert "://" not in locked
