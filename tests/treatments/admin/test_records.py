from datetime import date

import pytest
from django.urls import reverse

from clinic import guards
from clinic.models import AuditEvent
from tests import factories
from tests.treatments.admin.forms import url
from treatments.models import Course, Treatment


@pytest.fixture
def treatment():
    return factories.treated(factories.patient(family_name="Sato"), date(2026, 6, 1))


def test_a_signed_treatment_is_read_with_its_injections_and_opened_in_the_app(door, treatment):
    page = door.get(url("treatment", "change", treatment.pk)).content.decode()

    assert "procerus · Middle or both · 20" in page
    assert "C4821AB" in page
    assert f'href="{treatment.get_absolute_url()}">Open in app' in page
    assert 'name="_save"' not in page


@pytest.mark.parametrize("model", ["treatment", "course"])
def test_treatments_and_courses_cannot_be_added_changed_or_deleted_here(client, treatment, model):
    client.force_login(factories.staff("manager", is_staff=True, is_superuser=True))
    row = treatment if model == "treatment" else treatment.courses.get().course
    before = (list(Treatment.objects.values()), list(Course.objects.values()), AuditEvent.objects.count())

    answers = [
        client.get(url(model, "add")),
        client.post(url(model, "add"), {"note": "x"}),
        client.post(url(model, "change", row.pk), {"note": "x", "lot_number": "FORGED"}),
        client.post(url(model, "delete", row.pk), {"post": "yes"}),
        client.post(url(model, "changelist"), {"action": "delete_selected", "_selected_action": [row.pk]}),
    ]

    assert [answer.status_code for answer in answers[:4]] == [403] * 4
    assert (list(Treatment.objects.values()), list(Course.objects.values()), AuditEvent.objects.count()) == before


@pytest.mark.parametrize(
    "model", ["patient", "flag", "appointment", "product", "indication", "licence", "contraindication", "schedule"]
)
def test_nothing_is_deleted_by_anybody(client, model):
    client.force_login(factories.staff("manager", is_staff=True, is_superuser=True))
    factories.flag(factories.patient())

    assert client.get(url(model, "delete", 1)).status_code in (403, 302)
    assert "delete_selected" not in client.get(url(model, "changelist")).content.decode()


@pytest.mark.parametrize("words", ["C4821", "c4821ab", "sato alina", "14/07/1985"])
def test_treatments_are_found_by_lot_and_by_patient(door, treatment, words):
    other = factories.treated(
        factories.patient(family_name="Else", given_name="Ann", born_on=date(1970, 1, 1)), date(2026, 6, 1)
    )
    with guards.lifted("treatment_kept"):
        Treatment.objects.filter(pk=other.pk).update(lot_number="X1")

    answer = door.get(url("treatment", "changelist"), {"q": words})

    assert list(answer.context["cl"].result_list) == [treatment]


def test_the_dates_of_a_course_are_shown_with_their_reasons(door, treatment):
    page = door.get(url("course", "change", treatment.courses.get().course_id)).content.decode()

    assert "01-Sep-2026" in page
    assert "This one decides." in page
    assert f'href="{treatment.patient.get_absolute_url()}">Open in app' in page


@pytest.mark.parametrize(("band", "found"), [("overdue", 1), ("too_soon", 0)])
def test_courses_are_filtered_by_band(door, treatment, band, found):
    answer = door.get(url("course", "changelist"), {"band": band})

    assert len(answer.context["cl"].result_list) == found


def test_the_history_of_a_row_is_the_audit_trail_about_it(door, treatment):
    answer = door.get(reverse("admin:treatments_treatment_history", args=[treatment.pk]), follow=True)

    (event,) = answer.context["cl"].result_list
    assert (event.verb, event.object_id) == ("treatment.signed", treatment.public_id)


def test_voided_treatments_are_told_apart(door, treatment):
    factories.treatments.void(treatment, reason="Wrong patient was chosen", by=factories.BY, at=factories.NOW)

    answer = door.get(url("treatment", "changelist"), {"state": "voided"})

    assert list(answer.context["cl"].result_list) == [treatment]
    assert "Voided" in answer.content.decode()
