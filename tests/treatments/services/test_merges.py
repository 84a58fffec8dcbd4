"""Two records become one, everything is judged again, and it comes apart exactly as it was."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import connection, models

from clinic.models import AuditEvent
from tests import factories
from tests.factories import BY, NOW, TODAY
from treatments.models import (
    Appointment,
    Course,
    CourseTreatment,
    Patient,
    PatientMerge,
    SlotHold,
    Treatment,
)
from treatments.queries import patients as find
from treatments.queries.invariants import violations
from treatments.rules.vocabulary import Answer, TreatmentKind
from treatments.services import (
    appointments,
    consents,
    courses,
    earlier,
    merges,
    patients,
    replies,
    slot_holds,
    treatments,
)
from treatments.services.overrides import Override

pytestmark = pytest.mark.django_db
REASON = "Said so herself, passport seen"
FROWN, SWEAT, MIGRAINE = "glabellar_lines", "axillary_hyperhidrosis", "chronic_migraine"

# What changes hands and what is worth comparing of it. Counters only ever count up; keys and blocks are written anew.
COUNTERS = {"version", "safety_version"}
WRITTEN_ANEW = {"CourseBlock", "SearchKey"}
NOT_OWNED = {
    "PatientMerge": "it says who was merged into whom",
    "Course": "an emptied course stays behind, stopped",
    "Patient": "merged_into itself",
}


def booking(person: Patient, *, day: date = date(2026, 12, 1), hour: int = 10, area: str = FROWN, **fields: Any):
    return appointments.Booking(
        patient=person,
        indications=(factories.indication(area),),
        practitioner=fields.pop("practitioner", None) or factories.practitioner(),
        room=factories.room(),
        starts_at=datetime(day.year, day.month, day.day, hour, tzinfo=UTC),
        minutes=30,
        **fields,
    )


def visit(person: Patient, *, override: Override | None = None, **fields: Any) -> Appointment:
    by = factories.staff("reception")
    return appointments.book(booking(person, **fields), by=by, at=NOW, acknowledged=True, override=override)


def two(**fields: Any) -> tuple[Patient, Patient]:
    """The same person twice: once as married, once as born."""
    return factories.patient(family_name="Marsh"), factories.patient(**({"family_name": "Okafor"} | fields))


def full() -> tuple[Patient, Patient]:
    """Two records with something of everything."""
    kept, gone = two()
    factories.answers(kept)
    factories.treated(kept, date(2026, 5, 2))
    visit(kept)
    factories.answers(gone, anticoagulant_or_antiplatelet=Answer.YES)
    factories.flag(gone, "aminoglycoside", starts_on=date(2026, 12, 5), ends_on=date(2026, 12, 24))
    wrong = factories.treated(gone, date(2025, 12, 1), units="12")
    amended = treatments.Record(
        performed_on=date(2025, 12, 1),
        kind=TreatmentKind.FULL,
        product=factories.product(),
        lot_number="C4821AB",
        lot_expires_on=date(2030, 1, 31),
        lines=(treatments.Line(FROWN, "procerus", Decimal(20)), treatments.Line(MIGRAINE, "frontalis", Decimal(20))),
    )
    said = {"acknowledged": True, "incident_reason": REASON, "void_reason": REASON}
    treatments.sign(amended, patient=gone, amends=wrong, by=BY, at=NOW, **said)
    factories.treated(gone, date(2026, 3, 1), area=SWEAT, units="50")
    treatments.void(factories.treated(gone, date(2026, 6, 1)), reason=REASON, by=BY, at=NOW)
    decision = Override(factories.staff("injector", prescriber=True), "benefit", "Agreed with her physician")
    overridden = visit(gone, day=date(2026, 12, 8), area=SWEAT, override=decision)
    cancelled = visit(gone, day=date(2026, 12, 29))
    appointments.cancel(cancelled, who="patient", reason="Away", by=BY, at=NOW)
    consents.sign(gone, signed_on=date(2026, 10, 1), by=BY, at=NOW)
    earlier.ask(gone, appointment=overridden, note="Mornings", by=BY, at=NOW)
    patients.amend(gone, changes={"phone": "+447700900472"}, by=BY, at=NOW)
    return kept, gone


def merged(kept: Patient, gone: Patient, **fields: Any) -> PatientMerge:
    return merges.merge(kept, gone, **({"reason": REASON, "by": BY, "at": NOW} | fields))


def undone(done: PatientMerge) -> PatientMerge:
    return merges.undo(done, by=BY, at=NOW)


def owners() -> list[tuple[type[models.Model], str]]:
    """Every model with a column that names a patient."""
    return [
        (model, field.name)
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if isinstance(field, models.ForeignKey) and field.related_model is Patient
    ]


def owned(person: Patient) -> dict[str, int]:
    """How many rows of which model name the patient."""
    found = {
        f"{model.__name__}.{column}": model._default_manager.filter(**{column: person}).count()
        for model, column in owners()
    }
    return {name: n for name, n in found.items() if n}


def dump() -> dict[str, list[str]]:
    """Every row of the records, as text."""
    rows: dict[str, list[str]] = {}
    for model in apps.get_app_config("treatments").get_models(include_auto_created=True):
        if model in (PatientMerge, SlotHold):
            continue
        left_out = COUNTERS | ({"id"} if model.__name__ in WRITTEN_ANEW else set())
        names = [field.attname for field in model._meta.concrete_fields if field.attname not in left_out]
        rows[model.__name__] = sorted(str(row) for row in model._default_manager.values_list(*names))
    return rows


def differing(before: dict[str, list[str]], after: dict[str, list[str]]) -> dict[str, list[str]]:
    changed = {name: sorted(set(before[name]) ^ set(after[name])) for name in before}
    return {name: rows for name, rows in changed.items() if rows}


def sound(*people: Patient) -> None:
    """Nothing that can never be, and every stored date as if computed from the facts now."""
    assert violations(connection) == []
    assert courses.refresh([person.pk for person in people], on=TODAY) == 0


# ---- what comes over, and back ----


def test_everything_that_names_a_patient_comes_over():
    kept, gone = full()
    before, beside = owned(gone), owned(kept)

    merged(kept, gone)

    left = owned(gone)
    assert {name.split(".")[0] for name in left} <= set(NOT_OWNED)
    assert Course.objects.filter(patient=gone, stopped_on__isnull=True).count() == 0
    sums = {name: n + beside.get(name, 0) for name, n in before.items()}
    for name in ("Flag", "Treatment", "Appointment", "SafetyAnswer", "Consent", "EarlierWish"):
        assert owned(kept)[f"{name}.patient"] == sums[f"{name}.patient"] > 0, name
    sound(kept, gone)


def test_what_the_merge_would_have_to_know_of_is_known():
    """A new model about patients turns this red: say in services/merges.py what becomes of it, then here."""
    assert {model.__name__ for model, _column in owners()} == {
        "Flag", "SafetyAnswer", "Consent", "EarlierWish", "Treatment", "Appointment", "SlotHold", "SearchKey",
        "Message", "PatientLink", "PatientRequest", *NOT_OWNED,
    }  # fmt: skip


def test_the_courses_are_those_of_one_person():
    kept, gone = full()

    merged(kept, gone)

    rows = Course.objects.filter(patient=kept).order_by("indication__code")
    assert [(row.indication.code, row.last_treated_on) for row in rows] == [
        (SWEAT, date(2026, 3, 1)),
        (MIGRAINE, date(2025, 12, 1)),
        (FROWN, date(2026, 5, 2)),
    ]
    given = CourseTreatment.objects.filter(course__patient=kept, course__indication__code=FROWN)
    assert {row.treatment.performed_on for row in given} == {
        date(2026, 5, 2),
        date(2025, 12, 1),
        date(2026, 6, 1),
    }
    (left,) = Course.objects.filter(patient=gone)
    assert (left.stopped_on, left.stopped_reason) == (TODAY, f"Merged into {kept.public_id}")


def test_undoing_brings_every_row_back_exactly_as_it_was():
    kept, gone = full()
    before = dump()

    done = merged(kept, gone)
    apart = differing(before, dump())
    undone(done)

    assert {"Flag", "Treatment", "CourseTreatment", "Appointment", "Course", "SearchKey", "Patient"} <= set(apart)
    assert differing(before, dump()) == {}
    sound(kept, gone)


def test_merging_again_after_an_undo_works():
    kept, gone = full()
    undone(merged(kept, gone))

    again = merged(gone, kept)

    assert owned(kept).get("Treatment.patient") is None
    sound(kept, gone)
    undone(again)
    sound(kept, gone)


def test_what_was_given_since_stays_where_it_belongs():
    kept, gone = full()
    came_over = Appointment.objects.get(patient=gone, on=date(2026, 12, 8))
    done = merged(kept, gone)
    before_the_merge = Treatment.objects.get(performed_on=date(2026, 3, 1))
    own = factories.treated(kept, date(2026, 9, 1), units="10")
    flag = factories.flag(kept, "pregnancy", starts_on=date(2026, 11, 20))

    undone(done)

    for row in (before_the_merge, own, flag, came_over):
        row.refresh_from_db()
    assert (before_the_merge.patient, came_over.patient) == (gone, gone)
    assert (own.patient, flag.patient) == (kept, kept)
    sound(kept, gone)


def test_an_amendment_made_since_goes_back_with_what_it_amends():
    kept, gone = full()
    done = merged(kept, gone)
    old = Treatment.objects.get(performed_on=date(2026, 3, 1))
    record = treatments.Record(
        performed_on=date(2026, 3, 1),
        kind=TreatmentKind.FULL,
        product=factories.product(),
        lot_number="C4821AB",
        lot_expires_on=date(2030, 1, 31),
        lines=(treatments.Line(SWEAT, "axilla", Decimal(60)),),
    )
    kept.refresh_from_db()
    said = {"acknowledged": True, "incident_reason": REASON, "void_reason": REASON}
    new = treatments.sign(record, patient=kept, amends=old, by=BY, at=NOW, **said)

    undone(done)

    new.refresh_from_db()
    assert (new.patient, Treatment.objects.get(pk=old.pk).patient) == (gone, gone)
    sound(kept, gone)


def test_what_somebody_keeps_for_the_record_that_goes_is_let_go():
    kept, gone = two()
    slot_holds.hold(booking(gone), by="rec", at=NOW)

    merged(kept, gone)

    assert SlotHold.objects.count() == 0


# ---- safety ----


def test_a_hard_stop_of_the_record_that_goes_holds_the_visits_of_the_one_that_is_kept():
    kept, gone = two()
    booked = visit(kept)
    factories.flag(gone, "pregnancy")

    done = merged(kept, gone)

    booked.refresh_from_db()
    assert (booked.state, booked.state_at) == ("on_hold", NOW)
    assert "Pregnan" in booked.state_reason
    sound(kept, gone)
    undone(done)
    booked.refresh_from_db()
    assert booked.state == "on_hold"  # nothing un-holds by itself
    sound(kept, gone)


def test_a_hard_stop_of_the_record_that_is_kept_holds_the_visits_that_come_over():
    kept, gone = two()
    booked, other = visit(gone), visit(gone, day=date(2027, 9, 1))
    factories.flag(kept, "pregnancy", ends_on=date(2027, 5, 1))

    done = merged(kept, gone)

    booked.refresh_from_db()
    other.refresh_from_db()
    assert [(row.patient, row.state) for row in (booked, other)] == [(kept, "on_hold"), (kept, "booked")]
    sound(kept, gone)
    undone(done)
    sound(kept, gone)


def test_a_treatment_of_one_moves_the_dates_of_the_others_visits():
    kept, gone = two()
    booked = visit(kept)
    factories.treated(gone, date(2026, 11, 1))

    merged(kept, gone)

    booked.refresh_from_db()
    assert booked.state == "on_hold"
    assert Course.objects.get(patient=kept).last_treated_on == date(2026, 11, 1)
    sound(kept, gone)


def test_treatments_that_turn_out_too_close_get_their_reason():
    kept, gone = two()
    early = factories.treated(kept, date(2026, 8, 1))
    plain = [early]
    late = treatments.sign(
        treatments.Record(
            performed_on=date(2026, 9, 1),
            kind=TreatmentKind.FULL,
            product=factories.product(),
            lot_number="C4821AB",
            lot_expires_on=date(2030, 1, 31),
            lines=(treatments.Line(FROWN, "procerus", Decimal(20)),),
        ),
        patient=(factories.answers(gone, on=date(2026, 9, 1)), gone)[1],
        by=BY,
        at=NOW,
        acknowledged=True,
    )
    assert late.incident_reason == ""

    done = merged(kept, gone)

    late.refresh_from_db()
    assert late.incident_reason == "Treatments of two records that were merged lie closer than the minimum interval."
    assert AuditEvent.objects.get(verb="treatment.incident_noted").object_id == late.public_id
    assert [row.incident_reason for row in plain] == ["Recorded from the paper notes"]
    sound(kept, gone)
    undone(done)
    sound(kept, gone)


# ---- finding ----


def test_search_finds_the_one_that_was_kept_and_after_the_undo_both():
    kept, gone = full()

    done = merged(kept, gone)
    found = [list(find.search(text)) for text in ("marsh", "okafor", gone.public_id, "0472", "1985-07-14")]
    undone(done)
    again = [list(find.search(text)) for text in ("marsh", "okafor", gone.public_id, "0472", "1985-07-14")]

    assert found == [[kept], [], [], [], [kept]]
    assert again == [[kept], [gone], [gone], [gone], [kept, gone]]


# ---- what is refused ----


def cannot(kept: Patient, gone: Patient, **fields: Any) -> str:
    before = dump()
    with pytest.raises(ValidationError) as refused:
        merged(kept, gone, **fields)
    assert dump() == before
    return " ".join(refused.value.messages)


def test_two_dates_of_birth():
    sentence = "The dates of birth differ. Correct the wrong one first."

    assert cannot(*two(born_on=date(1985, 7, 15))) == sentence


def test_one_is_dead():
    kept, gone = two()
    patients.amend(gone, changes={"died_on": date(2026, 11, 1)}, by=BY, at=NOW)

    assert cannot(kept, gone) == "One of the two records says that the patient has died. Correct that first."


def test_one_record_with_itself():
    kept, _gone = two()

    assert cannot(kept, kept) == "Choose two different records."


@pytest.mark.parametrize("which", ["kept again", "gone again", "into the gone one"])
def test_a_record_that_was_merged_already(which: str):
    kept, gone = two()
    third = factories.patient(family_name="Third")
    merged(kept, gone)
    pair = {"kept again": (kept, gone), "gone again": (third, gone), "into the gone one": (gone, third)}[which]

    assert cannot(*pair) == "One of the two records has been merged already."


def test_visits_at_the_same_time():
    kept, gone = two()
    one, other = visit(kept), visit(gone)

    said = cannot(kept, gone)

    when = "01-Dec-2026 10:00"
    assert said == (
        f"Visits {one.public_id} and {other.public_id} are at the same time ({when}). Move or cancel one first."
    )
    appointments.cancel(other, who="clinic", reason="The same person", by=BY, at=NOW)
    merged(kept, gone)
    sound(kept, gone)


@pytest.mark.parametrize("reason", ["", "too short", "          "])
def test_no_reason(reason: str):
    said = "Say in 10 characters or more why they are the same person."

    assert cannot(*two(), reason=reason) == said


def test_undoing_twice():
    kept, gone = two()
    done = merged(kept, gone)
    undone(done)

    with pytest.raises(ValidationError, match="This merge has been undone already"):
        undone(done)


def test_undoing_under_a_later_merge():
    kept, gone = two()
    third = factories.patient(family_name="Third")
    first = merged(kept, gone)
    second = merged(third, kept)

    with pytest.raises(ValidationError, match="Undo that merge first"):
        undone(first)

    undone(second)
    undone(first)
    sound(kept, gone, third)
    assert {row.merged_into for row in Patient.objects.all()} == {None}


# ---- afterwards ----


def raised(person: Patient) -> Patient:
    return factories.flag(person, "pregnancy").patient


def answered(person: Patient) -> Patient:
    factories.answers(person)
    return Patient.objects.get(answers__isnull=False, pk__in=Patient.objects.values("pk"), answers__kind="pregnancy")


def booked(person: Patient) -> Patient:
    return visit(person).patient


def treated(person: Patient) -> Patient:
    return factories.treated(person, date(2026, 8, 1)).patient


def held(person: Patient) -> Patient:
    return slot_holds.hold(booking(person), by="rec", at=NOW).patient


def signed(person: Patient) -> Patient:
    return consents.sign(person, signed_on=TODAY, by=BY, at=NOW).patient


def asked(person: Patient) -> Patient:
    return earlier.ask(person, by=BY, at=NOW).patient


@pytest.mark.parametrize("verb", [raised, answered, booked, treated, held, signed, asked])
def test_whoever_still_has_the_old_record_in_hand_writes_into_the_one_that_was_kept(
    verb: Callable[[Patient], Patient],
):
    kept, gone = two()
    merged(kept, gone)

    assert verb(gone) == kept

    sound(kept, gone)


def test_the_old_record_itself_is_not_changed_any_more():
    kept, gone = two()
    merged(kept, gone)

    with pytest.raises(ValidationError, match="was merged into another one"):
        patients.amend(gone, changes={"city": "Quay"}, by=BY, at=NOW)


def test_both_trails_say_what_happened():
    kept, gone = two()

    undone(merged(kept, gone))

    events = AuditEvent.objects.filter(verb__startswith="patient.merge").order_by("pk")
    assert [(event.verb, event.object_id, event.details, event.reason) for event in events] == [
        ("patient.merged", kept.public_id, {"with": gone.public_id}, REASON),
        ("patient.merged", gone.public_id, {"with": kept.public_id}, REASON),
        ("patient.merge_undone", kept.public_id, {"with": gone.public_id}, ""),
        ("patient.merge_undone", gone.public_id, {"with": kept.public_id}, ""),
    ]


# ---- reminders ----


@pytest.mark.parametrize(
    ("kept_said", "gone_said", "after"),
    [("yes", "no", "no"), ("", "no", "no"), ("no", "yes", "no"), ("", "yes", ""), ("yes", "", "yes")],
)
def test_who_stopped_reminders_under_one_record_has_stopped_them(kept_said: str, gone_said: str, after: str):
    kept, gone = (factories.patient(contact_consent=said, phone="+447700900123") for said in (kept_said, gone_said))
    for person in (kept, gone):
        factories.treated(person, date(2026, 7, 25))

    done = merges.merge(kept, gone, reason=REASON, by=BY, at=NOW)

    kept.refresh_from_db()
    assert (kept.contact_consent, Course.objects.get(patient=kept).opted_out) == (after, after == "no")
    events = AuditEvent.objects.filter(verb="patient.amended", patient_id=kept.public_id)
    assert [event.details for event in events] == (
        [{"contact_consent": [kept_said, "no"]}] if after != kept_said else []
    )
    merges.undo(done, by=BY, at=NOW)
    kept.refresh_from_db()
    gone.refresh_from_db()
    assert (kept.contact_consent, gone.contact_consent) == (kept_said, gone_said)


def test_what_was_said_of_reminders_since_the_merge_stays_when_it_is_undone():
    kept, gone = factories.patient(contact_consent=""), factories.patient(contact_consent="no")
    done = merges.merge(kept, gone, reason=REASON, by=BY, at=NOW)
    patients.amend(kept, changes={"contact_consent": "yes"}, by=BY, at=NOW)

    merges.undo(done, by=BY, at=NOW)

    kept.refresh_from_db()
    assert kept.contact_consent == "yes"


def test_who_stops_reminders_after_the_merge_has_stopped_them_under_both_records():
    kept, gone = factories.patient(contact_consent="yes"), factories.patient(contact_consent="yes")
    done = merges.merge(kept, gone, reason=REASON, by=BY, at=NOW)
    replies.stop_reminders(kept, by="patient link", at=NOW + timedelta(hours=1))

    merges.undo(done, by=BY, at=NOW + timedelta(hours=2))

    assert [Patient.objects.get(pk=one.pk).contact_consent for one in (kept, gone)] == ["no", "no"]


def test_a_no_that_was_said_again_since_the_merge_stays_when_it_is_undone():
    kept, gone = factories.patient(contact_consent="yes"), factories.patient(contact_consent="no")
    done = merges.merge(kept, gone, reason=REASON, by=BY, at=NOW)
    replies.stop_reminders(kept, by="patient link", at=NOW + timedelta(hours=1))

    merges.undo(done, by=BY, at=NOW + timedelta(hours=2))

    assert Patient.objects.get(pk=kept.pk).contact_consent == "no"
