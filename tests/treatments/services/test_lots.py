"""A lot is stopped: nobody signs with it, what was given of it counts as sub-standard, visits are judged again."""

from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from clinic.models import AuditEvent
from tests import factories
from tests.factories import BY, NOW, TODAY
from treatments.models import Course
from treatments.rules.findings import Refused
from treatments.rules.vocabulary import TreatmentKind
from treatments.services import courses, lots, treatments

pytestmark = pytest.mark.django_db
WHY = "Recall notice of the manufacturer"


def record(lot: str) -> treatments.Record:
    line = treatments.Line("glabellar_lines", "procerus", Decimal(20))
    return treatments.Record(TODAY, TreatmentKind.FULL, factories.product(), lot, date(2030, 1, 31), (line,))


def stop(lot: str = "C4821 AB", **fields):
    return lots.stop(fields.pop("product", factories.product()), lot, **({"reason": WHY, "by": BY, "at": NOW} | fields))


@pytest.mark.parametrize("written", ["C4821AB", "c4821 ab", "C4821-AB"])
def test_nobody_signs_with_a_stopped_lot_however_it_is_written(written):
    person = factories.patient()
    factories.answers(person)
    stop()

    with pytest.raises(Refused) as refusal:
        treatments.sign(record(written), patient=person, by=BY, at=NOW, acknowledged=True)

    [found] = [f for f in refusal.value.findings if f.code == "lot_stopped"]
    assert found.sentence == f"The lot must not be used: {WHY}"


def test_the_same_number_of_another_product_and_a_lifted_stop_refuse_nothing():
    person = factories.patient()
    factories.answers(person)
    stop(product=factories.product("dysport"))
    lots.lift(stop(), reason="Tested, found in order", by=BY, at=NOW)

    assert treatments.sign(record("C4821AB"), patient=person, by=BY, at=NOW, acknowledged=True)


def test_who_got_the_lot_is_due_as_soon_as_the_interval_allows_and_no_longer_once_it_is_lifted():
    person, other = factories.patient(), factories.patient()
    for one in (person, other):
        factories.treated(one, date(2026, 9, 1))
    before = Course.objects.get(patient=person)

    row = stop()

    after = Course.objects.get(patient=person)
    assert (before.last_effective_on, after.last_effective_on) == (date(2026, 9, 1), None)
    assert after.due_from == after.earliest_on
    assert courses.refresh([person.pk, other.pk], on=TODAY) == 0
    lots.lift(row, reason="Tested, found in order", by=BY, at=NOW)
    assert Course.objects.get(patient=person).due_from == before.due_from


def test_every_stop_says_why_and_is_made_and_lifted_once():
    row = stop()

    with pytest.raises(ValidationError, match="stopped already"):
        stop("c4821-ab")
    with pytest.raises(ValidationError, match="10 characters"):
        stop("C9999", reason="short")
    with pytest.raises(ValidationError, match="Enter the lot number"):
        stop(" - ")
    with pytest.raises(ValidationError, match="10 characters"):
        lots.lift(row, reason="ok", by=BY, at=NOW)
    lots.lift(row, reason="Tested, found in order", by=BY, at=NOW)
    with pytest.raises(ValidationError, match="in use again"):
        lots.lift(row, reason="Tested, found in order", by=BY, at=NOW)
    verbs = AuditEvent.objects.filter(verb__startswith="lot.").order_by("pk").values_list("verb", "reason")
    assert list(verbs) == [("lot.stopped", WHY), ("lot.lifted", "Tested, found in order")]
