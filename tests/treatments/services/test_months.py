"""A month closes once: its figures are stored as they stood, and nothing writes them again."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from clinic.models import AuditEvent
from tests import factories
from tests.factories import NOW
from treatments.models import ClosedMonth
from treatments.queries.closed_months import Late, closed, late_changes
from treatments.services import months, treatments

pytestmark = pytest.mark.django_db
OCTOBER = date(2026, 10, 1)


@pytest.mark.parametrize(
    ("on", "month"),
    [
        (date(2026, 11, 2), date(2026, 9, 1)),
        (date(2026, 11, 3), OCTOBER),
        (date(2026, 12, 2), OCTOBER),
        (date(2027, 1, 3), date(2026, 12, 1)),
    ],
)
def test_a_month_may_close_on_the_third_of_the_next(on: date, month: date):
    assert months.due_to_close(on) == month


def test_it_stores_the_figures_of_every_report_once():
    person = factories.patient()
    factories.treated(person, date(2026, 6, 1))
    factories.treated(person, date(2026, 10, 5))

    stored = months.close(OCTOBER, by="ito", at=NOW)
    again = months.close(OCTOBER, by="ito", at=NOW + timedelta(days=1))

    assert stored == ["contacts", "data-quality", "due", "intervals", "on-time", "overrides", "retention"]
    assert again == []
    row = ClosedMonth.objects.get(report="intervals")
    assert row.figures == {"treatments": 1, "returns": 1, "early": 0, "middle_days": 126}
    assert ClosedMonth.objects.get(report="on-time").figures == {"ended": 1, "on_time": 0}
    assert (row.closed_at, AuditEvent.objects.filter(verb="month.closed").count()) == (NOW, 7)


def test_how_things_stood_is_stored_with_the_latest_month_alone():
    months.close(date(2026, 9, 1), by="ito", at=NOW)

    assert not ClosedMonth.objects.filter(report__in=("due", "data-quality")).exists()


def test_a_month_that_goes_on_does_not_close():
    with pytest.raises(months.StillOpen, match="closes on 03-Dec-2026"):
        months.close(date(2026, 11, 1), by="ito", at=NOW)


def test_what_comes_later_is_counted_and_never_written_in():
    person = factories.patient()
    kept = factories.treated(person, date(2026, 10, 5))
    months.close(OCTOBER, by="ito", at=NOW)
    later = NOW + timedelta(hours=2)
    factories.treated(factories.patient(), date(2026, 10, 31), at=later)
    factories.treated(factories.patient(), date(2026, 11, 1), at=later)
    treatments.void(kept, reason="Entered for the wrong patient", by="osei", at=later)

    found = closed("intervals", OCTOBER, date(2026, 10, 31))

    assert late_changes({OCTOBER: found[OCTOBER].closed_at}) == {OCTOBER: Late(added=1, amended=0, voided=1)}
    assert found[OCTOBER].figures["treatments"] == 1
    assert late_changes({}) == {}


@pytest.mark.parametrize("change", ["update", "delete"])
def test_the_database_itself_keeps_a_closed_month(change: str):
    months.close(OCTOBER, by="ito", at=NOW)
    rows = ClosedMonth.objects.filter(report="intervals")

    with pytest.raises(IntegrityError), transaction.atomic():
        _ = rows.update(figures={}) if change == "update" else rows.delete()

    assert rows.get().figures["treatments"] == 0


def test_the_command_closes_the_latest_month_and_a_second_time_nothing():
    said = []
    with time_machine.travel(datetime(2026, 11, 3, 6, tzinfo=UTC), tick=False):
        for _n in range(2):
            out = io.StringIO()
            call_command("close_month", stdout=out)
            said.append(out.getvalue().strip())

    assert said == [
        "October 2026: 7 reports stored: contacts, data-quality, due, intervals, on-time, overrides, retention.",
        "October 2026: It had closed before; nothing changed.",
    ]


@pytest.mark.parametrize(
    ("month", "sentence"),
    [("2026-11", "November 2026 closes on 03-Dec-2026"), ("2026-13", "is not a month"), ("October", "is not a month")],
)
def test_the_command_refuses_what_is_no_month_or_goes_on(month: str, sentence: str):
    with time_machine.travel(NOW, tick=False), pytest.raises(CommandError, match=sentence):
        call_command("close_month", f"--month={month}", stdout=io.StringIO())
