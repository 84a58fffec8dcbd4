import os
from collections.abc import Iterator
from contextlib import ExitStack
from importlib.util import find_spec

import pytest
import pytest_django
from django.conf import settings
from django.test import TransactionTestCase

from tests import browser, postgres

# Playwright keeps an event loop in the thread that runs the test; Django would refuse the database there.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

IN_CI = os.environ.get("CI", "").lower() not in ("", "0", "false")
HAS_PLAYWRIGHT = all(find_spec(name) for name in ("playwright", "pytest_playwright", "axe_playwright_python"))
OTHER_ENGINE = "sqlite" if settings.TEST_DATABASE == "postgres" else "postgres"
LEFT_OUT = "playwright is not installed, so no browser journey runs. `pip install -r requirements-dev.txt` brings it."

collect_ignore = [] if HAS_PLAYWRIGHT or IN_CI else ["journeys"]
resources = ExitStack()


def pytest_configure(config: pytest.Config) -> None:
    """One throwaway PostgreSQL for the run; xdist's workers inherit its address from the process that started it."""
    if settings.TEST_DATABASE == "postgres" and "TEST_POSTGRES_FOLDER" not in os.environ:
        try:
            folder = str(resources.enter_context(postgres.cluster()))
        except RuntimeError as error:
            pytest.exit(str(error), returncode=1)
        os.environ["TEST_POSTGRES_FOLDER"] = settings.DATABASES["default"]["HOST"] = folder


def pytest_unconfigure() -> None:
    resources.close()


def pytest_report_header() -> list[str]:
    header = [f"database: {settings.TEST_DATABASE}, browser: {browser.executable() or 'none'}"]
    return header if HAS_PLAYWRIGHT else [*header, LEFT_OUT]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not HAS_PLAYWRIGHT:
        terminalreporter.write_line(f"LEFT OUT: {LEFT_OUT}", red=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is about the other engine; journeys carry their marker by where they lie."""
    foreign = [item for item in items if item.get_closest_marker(OTHER_ENGINE)]
    if foreign:
        config.hook.pytest_deselected(items=foreign)
        items[:] = [item for item in items if item not in foreign]
    for item in items:
        if "journeys" in item.path.parts:
            item.add_marker(pytest.mark.journey)


# ---- the database: the shipped catalogue is there from the start, and nothing that cannot be is left behind ----


def broken() -> list[str]:
    """What stands in the database and never should, by the checker, which shares nothing with the guards."""
    from django.db import connection  # noqa: PLC0415  Django is not ready when this file is read

    from treatments.queries.invariants import violations  # noqa: PLC0415

    return [str(violation) for violation in violations(connection)]


@pytest.fixture(scope="session")
def _check_then_empty() -> Iterator[None]:
    """A test with real transactions ends with every table emptied. The guards would refuse: lifted for that alone.

    Before it, the checker looks at what the test has left.
    """
    from clinic import guards  # noqa: PLC0415

    empty = TransactionTestCase._fixture_teardown

    def check_then_empty(case: TransactionTestCase) -> None:
        found = broken()
        with guards.lifted():
            empty(case)
        assert found == []

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", check_then_empty)
        yield


@pytest.fixture(scope="session")
def django_db_setup(
    django_db_setup: None, django_db_blocker: pytest_django.DjangoDbBlocker, _check_then_empty: None
) -> Iterator[None]:
    from clinic import guards  # noqa: PLC0415
    from tests import factories  # noqa: PLC0415

    with django_db_blocker.unblock():
        factories.load_catalogue()
        guards.problems(fresh=True)
    guards.RECHECK_SECONDS = 24 * 60 * 60  # so that no query is counted in one run and not in the next
    yield
    with django_db_blocker.unblock():
        assert broken() == []


# ---- with CI set, a skipped test is a failed test: nothing is left out for a missing tool ----


def refuse_skip(report: pytest.CollectReport | pytest.TestReport) -> None:
    if IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"CI may skip nothing. {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Iterator[None]:
    report = yield
    refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    report = yield
    refuse_skip(report)
    return report


# ---- the browser ----


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict) -> dict:
    if browser.executable() is None:
        pytest.skip(browser.MISSING)
    return {**browser_type_launch_args, "executable_path": browser.executable(), "args": browser.ARGUMENTS}
