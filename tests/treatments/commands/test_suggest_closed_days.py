"""`manage.py suggest_closed_days` lists and closes nothing."""

from __future__ import annotations

import io
from datetime import date

import pytest
import time_machine
from django.core.management import CommandError, call_command

from clinic.models import ClosedDay
from tests import factories
from treatments.services import hours

pytestmark = pytest.mark.django_db


def run(*options: str) -> str:
    out = io.StringIO()
    with time_machine.travel(factories.NOW, tick=False):
        call_command("suggest_closed_days", *options, stdout=out, skip_checks=True)
    return out.getvalue()


def test_the_rest_of_the_year_is_listed_and_stays_open():
    hours.close_day(date(2026, 12, 26), name="Christmas", by=factories.BY, at=factories.NOW)

    assert run().splitlines() == [
        "Public holidays of GB-ENG from 22-Nov-2026:",
        "  25-Dec-2026  Christmas Day: open",
        "  26-Dec-2026  Boxing Day: closed (Christmas)",
        "  28-Dec-2026  Boxing Day (observed): open",
        "Close days under Closed days, Suggest public holidays, in the admin panel.",
    ]
    assert ClosedDay.objects.count() == 1


def test_another_year_and_another_country(settings):
    settings.CLINIC_HOLIDAYS = "DE-BY"

    said = run("--year", "2027")

    assert said.startswith("Public holidays of DE-BY from 01-Jan-2027:\n")
    assert "  06-Jan-2027  Epiphany: open\n" in said


@pytest.mark.parametrize("year", ["1", "2025", "9999", "-5"])
def test_a_year_that_nobody_plans_is_refused(year):
    with pytest.raises(CommandError, match="between 2026 and 2046"):
        run("--year", year)
