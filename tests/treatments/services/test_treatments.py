"""Treatments: what is signed, what the gate refuses, what an incident records, and how a record is amended or voided."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from clinic import guards
from clinic.models import AuditEvent
from tests import factories
from tests.factories import BY, NOW, TODAY
from treatments.models import Appointment, Course, CourseTreatment, Injection, Patient, Treatment
from treatments.rules.findings import Refused, stops
from treatments.rules.vocabulary import AppointmentState, Side, TreatmentKind
from treatments.services import appointments, effects, treatments
from treatments.services.treatments import Line, Record

pytestmark = pytest.mark.django_db
REASON = "It was given before anybody looked"
GLABELLA = (
    Line("glabellar_lines", "procerus", Decimal(4)),
    Line("glabellar_lines", "corrugator", Decimal(8), Side.LEFT),
    Line("glabellar_lines", "corrugator", Decimal(8), Side.RIGHT),
)


def record(**fields) -> Record:
    defaults = {
        "performed_on": TODAY,
        "kind": TreatmentKind.FULL,
        "product": factories.product(),
        "lot_number": "C4821AB",
        "lot_expires_on": date(2028, 1, 31),
        "lines": GLABELLA,
    }
    return Record(**(defaults | fields))


def patient_ready(**fields) -> Patient:
    """A patient whose safety questions are answered with no today."""
    person = factories.patient(**fields)
    factories.answers(person)
    return person


def sign(person: Patient, wanted: Record | None = None, **how) -> Treatment:
    return treatments.sign(wanted or record(), patient=person, by=BY, **({"at": NOW} | how))


def visit(person: Patient, *, on: date, hour: int = 10, areas=("glabellar_lines",)) -> Appointment:
    booking = appointments.Booking(
        patient=person,
        indications=tuple(factories.indication(code) for code in areas),
        practitioner=factories.practitioner(),
        room=factories.room(),
        starts_at=datetime(on.year, on.month, on.day, hour, tzinfo=UTC),
        minutes=30,
    )
    return appointments.book(booking, by=factories.staff("reception"), at=NOW, acknowledged=True)


def codes(refusal: Refused) -> set[str]:
    return {finding.code for finding in refusal.findings}


def course_of(person: Patient, code: str = "glabellar_lines") -> Course:
    return Course.objects.get(patient=person, indication__code=code)


# ---- signing ----


def test_sign_stores_the_record_its_injections_its_licence_and_its_audit_row():
    person = patient_ready()

    treatment = sign(person, record(note="Tolerated well"))

    given = treatment.courses.get()
    assert (treatment.signed_by, treatment.signed_at, treatment.note) == (BY, NOW, "Tolerated well")
    assert (treatment.sub_standard, treatment.incident_reason) == (False, "")
    assert (given.units, given.licence.indication.code, given.licence.product.code) == (20, "glabellar_lines", "botox")
    assert list(given.injections.values_list("site", "side", "units")) == [
        ("procerus", "", 4),
        ("corrugator", "left", 8),
        ("corrugator", "right", 8),
    ]
    event = AuditEvent.objects.get(verb="treatment.signed")
    assert (event.object_id, event.patient_id, event.by) == (treatment.public_id, person.public_id, BY)


def test_sign_moves_the_dates_of_its_course():
    person = patient_ready()

    sign(person)

    course = course_of(person)
    assert (course.last_treated_on, course.units, course.product) == (TODAY, 20, "botox")
    assert (course.earliest_on, course.due_from, course.due_until) == (
        date(2027, 2, 22),
        date(2027, 2, 22),
        date(2027, 3, 22),
    )


def test_sign_gives_each_area_its_own_course():
    person = patient_ready()
    lines = (*GLABELLA, Line("forehead_lines", "frontalis", Decimal("4.5")))

    treatment = sign(person, record(lines=lines))

    assert dict(treatment.courses.values_list("course__indication__code", "units")) == {
        "glabellar_lines": Decimal(20),
        "forehead_lines": Decimal("4.50"),
    }


def test_sign_keeps_the_findings_that_were_shown():
    person = patient_ready()

    treatment = sign(person)

    assert [row["code"] for row in treatment.findings] == ["first_treatment"]


def test_findings_are_the_same_before_and_at_the_signature():
    person = patient_ready(born_on=date(1950, 1, 1))
    factories.flag(person, "anticoagulant_or_antiplatelet")
    shown = treatments.findings(record(), person, on=TODAY)

    treatment = sign(person, acknowledged=True)

    assert [finding.as_data() for finding in shown] == treatment.findings


# ---- what no record can be ----


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"performed_on": TODAY + timedelta(days=1)}, "performed_on"),
        ({"performed_on": date(1985, 7, 13)}, "performed_on"),
        ({"lot_number": "   "}, "lot_number"),
        ({"lot_expires_on": None}, "lot_expires_on"),
        ({"lot_number": "C" * 41}, "lot_number"),
        ({"lot_number": "C48\x00"}, "lot_number"),
        ({"note": "went\x00well"}, "note"),
    ],
)
def test_sign_refuses_a_record_that_cannot_be(fields, field):
    person = patient_ready()

    with pytest.raises(ValidationError) as refusal:
        sign(person, record(**fields))

    assert list(refusal.value.error_dict) == [field]
    assert not Treatment.objects.exists()


@pytest.mark.parametrize(
    "line",
    [
        Line("glabellar_lines", "procerus", Decimal(0)),
        Line("glabellar_lines", "procerus", Decimal(-4)),
        Line("glabellar_lines", "procerus", Decimal("NaN")),
        Line("glabellar_lines", "procerus", Decimal("1e9")),
        Line("glabellar_lines", "procerus", Decimal("1.005")),
        Line("glabellar_lines", "  ", Decimal(4)),
        Line("glabellar_lines", "pro\x00cerus", Decimal(4)),
        Line("glabellar_lines", "p" * 81, Decimal(4)),
    ],
)
def test_sign_refuses_a_line_that_cannot_be(line):
    person = patient_ready()

    with pytest.raises(ValidationError):
        sign(person, record(lines=(*GLABELLA, line)))

    assert not Treatment.objects.exists()


def test_sign_refuses_a_record_without_a_site():
    person = patient_ready()

    with pytest.raises(ValidationError, match="Add at least one site"):
        sign(person, record(lines=()))


def test_sign_refuses_the_visit_of_another_patient():
    person, other = patient_ready(), patient_ready()
    theirs = visit(other, on=TODAY)

    with pytest.raises(ValidationError, match="another patient"):
        sign(person, record(appointment=theirs))


# ---- the gate ----


def test_a_hard_stop_refuses_without_a_reason():
    person = patient_ready()
    factories.flag(person, "pregnancy")

    with pytest.raises(Refused) as refusal:
        sign(person)

    assert "pregnancy" in codes(refusal.value)
    assert not Treatment.objects.exists()


def test_what_has_happened_is_recorded_as_an_incident():
    person = patient_ready()
    factories.flag(person, "pregnancy")

    treatment = sign(person, incident_reason=f"  {REASON}  ", acknowledged=True)

    assert treatment.incident_reason == REASON
    assert "pregnancy" in {row["code"] for row in treatment.findings}
    assert AuditEvent.objects.get(verb="treatment.signed").reason == REASON


def test_a_reason_of_nine_characters_is_too_short():
    person = patient_ready()
    factories.flag(person, "pregnancy")

    with pytest.raises(Refused):
        sign(person, incident_reason="123456789 ", acknowledged=True)


def test_without_a_stop_a_treatment_is_no_incident():
    person = patient_ready()

    treatment = sign(person, incident_reason=REASON)

    assert treatment.incident_reason == ""


def test_unanswered_questions_stop_the_needle():
    person = factories.patient()

    with pytest.raises(Refused) as refusal:
        sign(person)

    assert "questions_not_answered_today" in codes(refusal.value)


@pytest.mark.parametrize("asked_on", [TODAY - timedelta(days=1), TODAY])
def test_answers_count_for_their_own_day(asked_on):
    person = factories.patient()
    factories.answers(person, on=asked_on)

    found = {finding.code for finding in treatments.findings(record(), person, on=TODAY)}

    assert ("questions_not_answered_today" in found) is (asked_on != TODAY)


def test_a_caution_waits_for_its_acknowledgement():
    person = patient_ready()
    factories.flag(person, "anticoagulant_or_antiplatelet")

    with pytest.raises(Refused):
        sign(person)
    treatment = sign(person, acknowledged=True)

    assert "anticoagulant_or_antiplatelet" in {row["code"] for row in treatment.findings}


def test_an_incident_still_asks_to_acknowledge_its_cautions():
    person = patient_ready()
    factories.flag(person, "pregnancy")
    factories.flag(person, "anticoagulant_or_antiplatelet")

    with pytest.raises(Refused):
        sign(person, incident_reason=REASON)


def test_too_soon_after_the_last_treatment_is_an_incident():
    person = patient_ready()
    factories.treated(person, date(2026, 8, 23))  # 3 months end on 23-Nov

    with pytest.raises(Refused) as refusal:
        sign(person)
    treatment = sign(person, incident_reason=REASON)

    assert codes(refusal.value) == {"interval_not_elapsed"}
    assert treatment.incident_reason == REASON


def test_on_the_day_the_interval_ends_it_is_none():
    person = patient_ready()
    factories.treated(person, date(2026, 8, 22))

    treatment = sign(person)

    assert treatment.incident_reason == ""


def test_more_at_one_site_than_the_licence_allows_is_an_incident():
    person = patient_ready()
    lines = (
        Line("cervical_dystonia", "splenius capitis", Decimal(60)),
        Line("cervical_dystonia", "trapezius", Decimal(20)),
    )

    with pytest.raises(Refused) as refusal:
        sign(person, record(lines=lines))
    treatment = sign(person, record(lines=lines), incident_reason=REASON)

    assert "site_limit_exceeded" in codes(refusal.value)
    assert treatment.incident_reason == REASON


def test_the_most_at_one_site_itself_is_allowed():
    person = patient_ready()
    lines = (
        Line("cervical_dystonia", "splenius capitis", Decimal(50)),
        Line("cervical_dystonia", "trapezius", Decimal(50)),
    )

    treatment = sign(person, record(lines=lines))

    assert treatment.courses.get().units == 100


# ---- sub-standard doses ----


@pytest.mark.parametrize(("expires_on", "sub_standard"), [(TODAY - timedelta(days=1), True), (TODAY, False)])
def test_a_dose_from_an_expired_lot_is_sub_standard(expires_on, sub_standard):
    person = patient_ready()

    treatment = sign(person, record(lot_expires_on=expires_on), incident_reason=REASON)

    assert treatment.sub_standard is sub_standard
    assert (treatment.incident_reason == REASON) is sub_standard


def test_a_sub_standard_dose_counts_for_spacing_but_not_for_effect():
    person = patient_ready()

    sign(person, record(lot_expires_on=TODAY - timedelta(days=1)), incident_reason=REASON)

    course = course_of(person)
    assert (course.last_treated_on, course.last_effective_on) == (TODAY, None)
    assert (course.earliest_on, course.due_from) == (date(2027, 2, 22), date(2027, 2, 22))


# ---- touch-ups ----


@pytest.mark.parametrize(("days", "allowed"), [(6, False), (7, True), (28, True), (29, False)])
def test_a_touch_up_lies_in_its_range(days, allowed):
    person = patient_ready()
    factories.treated(person, TODAY - timedelta(days=days))
    wanted = record(kind=TreatmentKind.TOUCH_UP, lines=GLABELLA[:1])

    if allowed:
        assert sign(person, wanted).kind == TreatmentKind.TOUCH_UP
    else:
        with pytest.raises(Refused) as refusal:
            sign(person, wanted, incident_reason=REASON, acknowledged=True)
        assert codes(refusal.value) == {"touch_up_out_of_range"}


def test_a_touch_up_does_not_move_the_next_due_date():
    person = patient_ready()
    full_on = TODAY - timedelta(days=14)
    factories.treated(person, full_on)
    before = course_of(person)

    sign(person, record(kind=TreatmentKind.TOUCH_UP, lines=GLABELLA[:1]))

    after = course_of(person)
    assert (after.last_treated_on, after.due_from) == (full_on, before.due_from)


# ---- visits ----


def test_the_visit_that_was_treated_is_done():
    person = patient_ready()
    today = visit(person, on=TODAY)

    treatment = sign(person, record(appointment=today))

    today.refresh_from_db()
    assert (today.state, today.state_by, today.version) == (AppointmentState.DONE, BY, 2)
    assert treatment.appointment == today
    assert AuditEvent.objects.filter(verb="appointment.done", object_id=today.public_id).count() == 1


def test_a_cancelled_visit_stays_cancelled():
    person = patient_ready()
    today = visit(person, on=TODAY)
    appointments.cancel(today, who="patient", reason="Cannot come", by=BY, at=NOW)

    sign(person, record(appointment=today))

    today.refresh_from_db()
    assert today.state == AppointmentState.CANCELLED


def test_future_visits_that_are_now_too_early_go_on_hold():
    person = patient_ready()
    early, late = visit(person, on=date(2026, 12, 1)), visit(person, on=date(2027, 2, 22))

    sign(person)

    early.refresh_from_db()
    late.refresh_from_db()
    assert (early.state, late.state) == (AppointmentState.ON_HOLD, AppointmentState.BOOKED)
    assert "minimum" in early.state_reason


def test_voiding_brings_nothing_off_hold():
    person = patient_ready()
    early = visit(person, on=date(2026, 12, 1))
    treatment = sign(person)

    treatments.void(treatment, reason="Entered for the wrong patient", by=BY, at=NOW)

    early.refresh_from_db()
    assert early.state == AppointmentState.ON_HOLD


# ---- amending ----


def test_amending_makes_a_new_version_and_voids_the_old_one():
    person = patient_ready()
    first = sign(person)

    second = sign(person, record(lot_number="C9999ZZ"), amends=first, void_reason="The lot was misread")

    first.refresh_from_db()
    assert (first.voided_by, first.voided_at, first.void_reason) == (BY, NOW, "The lot was misread")
    assert (second.amends, second.lot_number, second.voided_at) == (first, "C9999ZZ", None)
    assert first.amended_by == second
    event = AuditEvent.objects.get(verb="treatment.amended")
    assert event.details == {"amends": first.public_id, "void_reason": "The lot was misread"}


def test_an_amended_record_is_not_judged_against_itself():
    person = patient_ready()
    first = sign(person)

    shown = treatments.findings(record(), person, on=TODAY, amends=first)
    second = sign(person, amends=first, void_reason="The note was missing")

    assert {finding.code for finding in shown} == {"first_treatment"}
    assert second.findings == [finding.as_data() for finding in shown]


def test_amending_the_day_moves_the_dates():
    person = patient_ready()
    factories.answers(person, on=TODAY - timedelta(days=2))
    first = sign(person)

    earlier = record(performed_on=TODAY - timedelta(days=2))
    sign(person, earlier, amends=first, void_reason="It was the day before yesterday")

    assert course_of(person).last_treated_on == TODAY - timedelta(days=2)


def test_a_course_that_the_new_version_does_not_name_is_untreated():
    person = patient_ready()
    first = sign(person)

    forehead = record(lines=(Line("forehead_lines", "frontalis", Decimal(10)),))
    sign(person, forehead, amends=first, void_reason="It was the forehead")

    assert course_of(person).last_treated_on is None
    assert course_of(person, "forehead_lines").last_treated_on == TODAY


@pytest.mark.parametrize("reason", ["", "   ", "too short"])
def test_amending_needs_a_reason(reason):
    person = patient_ready()
    first = sign(person)

    with pytest.raises(ValidationError) as refusal:
        sign(person, amends=first, void_reason=reason)

    first.refresh_from_db()
    assert list(refusal.value.error_dict) == ["reason"]
    assert first.voided_at is None
    assert Treatment.objects.count() == 1


def test_a_voided_record_is_not_amended():
    person = patient_ready()
    first = treatments.void(sign(person), reason="Entered for the wrong patient", by=BY, at=NOW)

    with pytest.raises(ValidationError, match="has been voided"):
        sign(person, amends=first, void_reason="The lot was misread")


def test_a_refused_amendment_leaves_the_old_version_standing():
    person = patient_ready()
    first = sign(person)
    factories.flag(person, "pregnancy")

    with pytest.raises(Refused):
        sign(person, amends=first, void_reason="The lot was misread")

    first.refresh_from_db()
    assert first.voided_at is None


def test_the_record_of_another_patient_is_not_amended():
    theirs = sign(patient_ready())

    with pytest.raises(ValidationError, match="another patient"):
        sign(patient_ready(), amends=theirs, void_reason="The lot was misread")


def test_what_the_patient_said_of_the_effect_survives_an_amendment():
    person = patient_ready()
    factories.answers(person, on=date(2026, 7, 1), at=NOW)
    first = sign(person, record(performed_on=date(2026, 7, 1)))
    said = effects.Said(worn_off_on=date(2026, 10, 1), still_working_on=date(2026, 9, 1))
    effects.correct(first.courses.get(), said, by=BY, at=NOW)

    amended = record(performed_on=date(2026, 7, 1), lot_number="C9999ZZ")
    second = sign(person, amended, amends=first, void_reason="The lot was misread")

    assert effects.said_of(second.courses.get()) == said


# ---- voiding ----


def test_a_voided_treatment_counts_nowhere_and_stays_readable():
    person = patient_ready()
    treatment = sign(person)

    treatments.void(treatment, reason="Entered for the wrong patient", by=BY, at=NOW)

    assert course_of(person).last_treated_on is None
    assert Injection.objects.filter(given__treatment=treatment).count() == 3
    assert AuditEvent.objects.get(verb="treatment.voided").reason == "Entered for the wrong patient"


@pytest.mark.parametrize("reason", ["", "too short", " " * 20])
def test_voiding_needs_a_reason(reason):
    treatment = sign(patient_ready())

    with pytest.raises(ValidationError):
        treatments.void(treatment, reason=reason, by=BY, at=NOW)

    treatment.refresh_from_db()
    assert treatment.voided_at is None


def test_a_reason_has_no_hidden_characters():
    treatment = sign(patient_ready())

    with pytest.raises(ValidationError, match="hidden character"):
        treatments.void(treatment, reason="Wrong patient\x00 altogether", by=BY, at=NOW)


def test_a_treatment_is_voided_once():
    treatment = sign(patient_ready())
    treatments.void(treatment, reason="Entered for the wrong patient", by=BY, at=NOW)

    with pytest.raises(ValidationError, match="has been voided"):
        treatments.void(treatment, reason="Entered for the wrong patient", by=BY, at=NOW)


def test_the_database_refuses_a_void_without_its_reason():
    treatment = sign(patient_ready())

    with pytest.raises(IntegrityError), transaction.atomic():
        Treatment.objects.filter(pk=treatment.pk).update(voided_at=NOW)


# ---- elsewhere ----


def elsewhere(person: Patient, **fields) -> Treatment:
    defaults = {
        "indications": [factories.indication()],
        "not_before_on": date(2026, 9, 1),
        "performed_on": date(2026, 9, 30),
        "product": factories.product(),
        "units": Decimal(20),
        "note": "Told by the patient",
    }
    return treatments.record_elsewhere(patient=person, by=BY, at=NOW, **(defaults | fields))


def test_elsewhere_keeps_both_ends_of_a_doubtful_day():
    person = patient_ready()

    treatment = elsewhere(person)

    assert (treatment.elsewhere, treatment.not_before_on, treatment.performed_on) == (
        True,
        date(2026, 9, 1),
        date(2026, 9, 30),
    )
    assert treatment.courses.get().units == 20
    assert course_of(person).last_treated_on == date(2026, 9, 30)


def test_elsewhere_on_a_known_day_has_one_day():
    treatment = elsewhere(patient_ready(), not_before_on=date(2026, 9, 30))

    assert treatment.not_before_on is None


def test_elsewhere_may_know_neither_product_nor_units():
    person = patient_ready()

    elsewhere(
        person, product=None, units=None, indications=[factories.indication(), factories.indication("forehead_lines")]
    )

    assert set(CourseTreatment.objects.values_list("units", "treatment__product")) == {(None, None)}
    assert person.courses.count() == 2


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"performed_on": TODAY + timedelta(days=1)}, "performed_on"),
        ({"not_before_on": date(2026, 10, 1)}, "not_before_on"),
        ({"not_before_on": date(1985, 7, 13)}, "not_before_on"),
        ({"indications": []}, "indications"),
        ({"units": Decimal(0)}, "units"),
        ({"units": Decimal("NaN")}, "units"),
        ({"units": Decimal("1e9")}, "units"),
        ({"note": "told\x00me"}, "note"),
    ],
)
def test_elsewhere_refuses_what_cannot_be(fields, field):
    with pytest.raises(ValidationError) as refusal:
        elsewhere(patient_ready(), **fields)

    assert list(refusal.value.error_dict) == [field]
    assert not Treatment.objects.exists()


def test_elsewhere_does_not_lose_units_of_several_areas_in_silence():
    areas = [factories.indication(), factories.indication("forehead_lines")]

    with pytest.raises(ValidationError) as refusal:
        elsewhere(patient_ready(), indications=areas)

    assert list(refusal.value.error_dict) == ["units"]


def test_elsewhere_puts_visits_that_are_too_early_on_hold():
    person = patient_ready()
    early = visit(person, on=date(2026, 12, 1))

    elsewhere(person)

    early.refresh_from_db()
    assert early.state == AppointmentState.ON_HOLD


def test_elsewhere_is_not_amended():
    person = patient_ready()
    treatment = elsewhere(person)

    with pytest.raises(ValidationError, match="given elsewhere"):
        sign(person, amends=treatment, void_reason="The day was wrong", incident_reason=REASON)


# ---- what a prescriber overrode ----


def overridden_visit(person: Patient, *, on: date = TODAY) -> Appointment:
    """A visit on a day that is too early, which a prescriber overrode with open eyes."""
    booking = appointments.Booking(
        patient=person,
        indications=(factories.indication(),),
        practitioner=factories.practitioner(),
        room=factories.room(),
        starts_at=datetime(on.year, on.month, on.day, 10, tzinfo=UTC),
        minutes=30,
        product=factories.product(),
    )
    by = factories.staff("injector", prescriber=True)
    decision = appointments.Override(by=by, reason="benefit", words="Asymmetry before her wedding")
    return appointments.book(booking, by=by, at=NOW, override=decision, acknowledged=True)


def test_what_was_overridden_for_the_visit_is_a_caution_and_no_incident():
    person = patient_ready()
    factories.treated(person, date(2026, 9, 22))
    today = overridden_visit(person)

    with pytest.raises(Refused):
        sign(person, record(appointment=today))
    treatment = sign(person, record(appointment=today), acknowledged=True)

    assert treatment.incident_reason == ""
    row = next(row for row in treatment.findings if row["code"] == "interval_not_elapsed")
    assert row["severity"] == "caution"
    assert "Asymmetry before her wedding" in row["change"]


def test_an_override_covers_its_own_visit_only():
    person = patient_ready()
    factories.treated(person, date(2026, 9, 22))
    overridden_visit(person)

    with pytest.raises(Refused) as refusal:
        sign(person, acknowledged=True)

    assert "interval_not_elapsed" in codes(refusal.value)


def test_an_override_does_not_cover_what_came_later():
    person = patient_ready()
    factories.treated(person, date(2026, 9, 22))
    today = overridden_visit(person)
    factories.flag(person, "pregnancy")

    with pytest.raises(Refused) as refusal:
        sign(person, record(appointment=today), acknowledged=True)

    assert "pregnancy" in codes(refusal.value)


def test_an_override_covers_the_day_of_its_visit_only():
    person = patient_ready()
    factories.treated(person, date(2026, 9, 22))
    tomorrow = overridden_visit(person, on=date(2026, 11, 23))

    with pytest.raises(Refused) as refusal:
        sign(person, record(appointment=tomorrow), acknowledged=True)

    assert "interval_not_elapsed" in codes(refusal.value)


def test_an_override_that_was_taken_back_meanwhile_covers_nothing():
    person = patient_ready()
    factories.treated(person, date(2026, 9, 22))
    seen = overridden_visit(person)
    Appointment.objects.filter(pk=seen.pk).update(
        override_by="", override_at=None, override_words="", override_reason="", override_codes=[]
    )

    with pytest.raises(Refused) as refusal:
        sign(person, record(appointment=seen), acknowledged=True)

    assert "interval_not_elapsed" in codes(refusal.value)


def test_what_lies_too_close_by_a_longer_interval_of_then_is_recorded_with_its_reason():
    person = factories.patient()
    first = factories.treated(person, date(2026, 7, 1))
    with guards.lifted():
        CourseTreatment.objects.filter(treatment=first).update(repeat_from=date(2027, 1, 1))  # a rule that was stricter
    factories.answers(person)

    with pytest.raises(Refused) as refusal:
        sign(person)
    assert codes(refusal.value) & {f.code for f in stops(refusal.value.findings)} == {"interval_kept_not_elapsed"}
    signed = sign(person, incident_reason="Agreed with the physician")

    assert signed.incident_reason == "Agreed with the physician"
