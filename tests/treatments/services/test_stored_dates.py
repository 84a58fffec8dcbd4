"""Recomputing many courses: nothing is held while it looks, little while it writes, and a second pass writes nothing."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests import factories
from tests.factories import TODAY
from treatments.models import Course, Patient
from treatments.services import courses, stored_dates

WRITES = ("INSERT", "UPDATE", "DELETE", "BEGIN", "SAVEPOINT")


def treated(n_patients: int) -> list[Patient]:
    people = [factories.patient() for _n in range(n_patients)]
    for person in people:
        factories.treated(person, TODAY - timedelta(days=100))
    return people


def wrong_everywhere() -> None:
    Course.objects.update(due_from=date(2030, 1, 1), reasons=[], doubt="Look at it.", units=None, call_rank=9)


@pytest.mark.django_db(transaction=True)
def test_a_second_pass_writes_nothing_and_holds_nothing():
    factories.load_catalogue()
    ids = [person.pk for person in treated(3)]

    with CaptureQueriesContext(connection) as sent:
        assert courses.refresh(ids, on=TODAY) == 0

    assert [query["sql"] for query in sent if query["sql"].startswith(WRITES)] == []


@pytest.mark.django_db(transaction=True)
def test_no_transaction_holds_more_than_a_few_patients(monkeypatch):
    factories.load_catalogue()
    ids, sizes = [person.pk for person in treated(5)], []
    before = list(Course.objects.order_by("pk").values())
    wrong_everywhere()
    mend = stored_dates._mend

    def counted(few, book):
        assert connection.in_atomic_block
        sizes.append(len(few))
        return mend(few, book)

    monkeypatch.setattr(stored_dates, "_mend", counted)
    monkeypatch.setattr(stored_dates, "WRITTEN", 2)
    differed = courses.refresh(ids, on=TODAY)

    assert (differed, sizes) == (5, [2, 2, 1])
    assert list(Course.objects.order_by("pk").values()) == before
    assert courses.refresh(ids, on=TODAY) == 0


def test_as_many_are_written_at_once_as_was_measured():
    assert (stored_dates.LOOKED_AT, stored_dates.WRITTEN) == (500, 25)


@pytest.mark.django_db
def test_one_patient_and_many_cost_the_same_queries(django_assert_num_queries):
    ids = [person.pk for person in treated(6)]

    for few in (ids[:1], ids):
        with django_assert_num_queries(10):
            assert courses.refresh(few, on=TODAY) == 0
