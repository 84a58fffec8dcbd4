from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction
from django.db.models import F, Q
from django.test.utils import CaptureQueriesContext

from tests import factories
from treatments.models import Flag, FormToken, Patient
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


@prepared
def of_people(patients: tuple[int, ...]):
    return Patient.objects.filter(pk__in=patients).order_by("pk").values_list("public_id", flat=True)


@prepared
def before(at: datetime):
    return FormToken.objects.filter(at__lt=at)


@prepared
def locked(patient: int):
    return Patient.objects.select_for_update().filter(pk=patient).order_by()


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


@pytest.mark.parametrize("n_patients", [0, 1, 3, 5])
def test_a_tuple_is_looked_up_whatever_its_length(n_patients: int):
    people = [factories.patient() for _n in range(n_patients)]

    found = of_people(tuple(who.pk for who in people))

    assert found == [who.public_id for who in people]


def test_moments_are_compared_as_the_database_keeps_them():
    at = datetime(2026, 7, 14, 9, 30, tzinfo=ZoneInfo("Europe/London"))
    token = FormToken.objects.create(token="0" * 32, by="tester", at=at)

    assert before(at + timedelta(microseconds=1)) == [token]
    assert before(at) == []


def test_rows_are_locked_in_a_transaction_only(transactional_db):
    who = factories.patient()
    with transaction.atomic():
        assert locked(who.pk) == [who]

    with pytest.raises(transaction.TransactionManagementError):
        locked(who.pk)


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


@pytest.mark.sqlite
def test_constants_stand_in_the_statement_and_values_are_bound():
    @prepared
    def named(family_name: str):
        odd = Q(given_name="100% O'Hara") | Q(given_name="Alina")
        rows = Patient.objects.filter(odd, family_name=family_name).order_by("pk")
        return rows.values_list("pk", flat=True)

    here = factories.patient(family_name="O'Neil", given_name="100% O'Hara")
    factories.patient(family_name="Other", given_name="100% O'Hara")
    bound = []

    def note(execute, sql, params, many, context):
        bound.append(params)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        assert named("O'Neil") == [here.pk]

    assert bound == [("O'Neil",)]
