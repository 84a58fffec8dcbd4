from datetime import date, timedelta

import pytest
from django.db import connection
from django.db.models import F, Q
from django.test.utils import CaptureQueriesContext

from tests import factories
from treatments.models import Flag, Patient
from treatments.queries.prepared import prepared

pytestmark = pytest.mark.django_db
DAY = date(2026, 7, 14)


@prepared
def flags_of(patient: int, day: date):
    in_force = Q(ends_on__isnull=True) | Q(ends_on__gt=day)
    return Flag.objects.filter(in_force, patient=patient, starts_on__lte=day).select_related("patient").order_by("pk")


@prepared
def names(public_id: str):
    return Patient.objects.filter(public_id=public_id).values(number=F("public_id"), born=F("born_on"))


@prepared
def days_of(patient: int):
    return Flag.objects.filter(patient=patient).order_by("pk").values_list("starts_on", "in_error")


def flag(patient, **values):
    return factories.flag(patient, starts_on=DAY, **values)


def test_the_rows_are_those_of_the_query_for_each_value():
    one, two = factories.patient(), factories.patient()
    flags = {who: [flag(who), flag(who, ends_on=DAY + timedelta(days=5))] for who in (one, two)}

    for who in (one, two, one):
        assert flags_of(who.pk, DAY) == flags[who]
        assert flags_of(who.pk, DAY + timedelta(days=5)) == flags[who][:1]
        assert flags_of(who.pk, DAY - timedelta(days=1)) == []
        assert names(who.public_id) == [{"number": who.public_id, "born": who.born_on}]
        assert days_of(who.pk) == [(DAY, False), (DAY, False)]


def test_related_rows_come_with_the_statement():
    who = factories.patient()
    flag(who)

    with CaptureQueriesContext(
        connection,
    ) as sent:
        assert flags_of(who.pk, DAY)[0].patient == who

    assert len(sent) == 1


def test_a_value_that_the_query_changes_is_refused():
    @prepared
    def week_before(day: date):
        return Flag.objects.filter(starts_on=day - timedelta(days=7))

    with pytest.raises(TypeError, match="as it came"):
        week_before(DAY)


def test_what_needs_a_second_statement_is_refused():
    @prepared
    def with_flags(patient: int):
        return Patient.objects.filter(pk=patient).prefetch_related("flags")

    with pytest.raises(TypeError, match="one statement"):
        with_flags(1)
