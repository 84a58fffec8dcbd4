"""What may still be written to a record that stays, and how near to each other treatments may lie."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.apps import apps
from django.db import connection

from tests import factories
from tests.treatments.guards.world import NECK, World, change, copy, refused_by
from treatments.guards import common
from treatments.models import CourseTreatment, Treatment, VisitOverride

pytestmark = pytest.mark.django_db
FIRST = date(2026, 6, 1)  # Dan's treatment: not again for 91 days, the one before 91 days earlier or more
VOIDED = {"voided_at": "2026-11-22 09:00:00", "voided_by": "osei", "void_reason": "Entered for the wrong patient"}


def another(world: World, days: int, **fields: object) -> str | None:
    """The guard that refuses another treatment of Dan's so many days from the first."""
    when = {"public_id": "OTHER1", "performed_on": str(FIRST + timedelta(days=days))}
    assert refused_by(copy(world.given.treatment, **(when | fields))) is None
    treatment = Treatment.objects.get(public_id="OTHER1")
    quarter = timedelta(days=91)
    return refused_by(
        copy(
            world.given,
            treatment_id=treatment.pk,
            repeat_from=str(treatment.performed_on + quarter),
            previous_until=str(treatment.performed_on - quarter),
        )
    )


@pytest.mark.parametrize(
    ("days", "refused"),
    [(0, True), (1, True), (90, True), (91, False), (-1, True), (-90, True), (-91, False), (400, False)],
)
def test_no_full_treatment_without_a_reason_too_near_on_either_side(world: World, days: int, refused: bool):
    assert another(world, days) == ("treatment_interval" if refused else None)


@pytest.mark.parametrize(
    "fields",
    [{"incident_reason": "The patient asked for it"}, {"elsewhere": True}, {"kind": "touch_up"}, VOIDED],
    ids=["reason", "elsewhere", "touch-up", "voided"],
)
def test_too_near_with_a_reason_elsewhere_as_a_touch_up_or_voided(world: World, fields: dict):
    assert another(world, 30, **fields) is None


@pytest.mark.parametrize(
    ("rules", "days_off", "refused"),
    [
        (["interval_not_elapsed|glabellar_lines||"], 0, False),
        (["interval_not_elapsed|glabellar_lines||"], 1, True),
        (["aminoglycoside|X||"], 0, True),
        ([], 0, True),
    ],
)
def test_the_decision_of_a_prescriber_for_the_visit_and_its_day_is_a_reason_too(
    world: World, rules: list[str], days_off: int, refused: bool
):
    visit = world.visit_of(world.dan)
    VisitOverride.objects.create(
        appointment=visit,
        on=FIRST + timedelta(days=30 + days_off),
        by="osei",
        at=factories.NOW,
        reason="benefit",
        words="Agreed with her physician",
        rules=rules,
    )

    assert another(world, 30, appointment_id=visit.pk) == ("treatment_interval" if refused else None)


@pytest.mark.parametrize("back_dated", [False, True])
@pytest.mark.parametrize(
    ("first", "second", "refused"),
    [
        ({"repeat_from": "2026-07-02"}, {}, True),
        ({"repeat_from": "2026-07-01"}, {}, False),
        ({}, {"previous_until": "2026-05-31"}, True),
        ({}, {"previous_until": "2026-06-01"}, False),
        ({"previous_until": "2026-01-01"}, {"repeat_from": "2027-01-01"}, False),
        ({}, {}, False),
    ],
)
def test_the_interval_of_either_record_is_enough(
    world: World, first: dict, second: dict, refused: bool, back_dated: bool
):
    """On 1 June and 1 July, written in this order or the other."""
    unknown = {"repeat_from": None, "previous_until": None}
    rows = [("2026-06-01", unknown | first), ("2026-07-01", unknown | second)]
    told = [
        refused_by(
            copy(world.given, treatment_id=_new(world, day), course_id=world.course_of(world.dan, NECK).pk, **days)
        )
        for day, days in (reversed(rows) if back_dated else rows)
    ]

    assert told == [None, "treatment_interval" if refused else None]


def test_the_reason_belongs_on_the_one_that_was_written_later(world: World):
    before = world.treat(world.ada, date(2026, 7, 1), reason="The patient asked for it")
    early = world.treat(world.bea, date(2026, 6, 20))

    assert refused_by(change(before, course_id=world.given.course_id)) is None
    assert refused_by(change(early, course_id=world.given.course_id)) == "treatment_interval"


def test_a_reason_on_the_earlier_record_does_not_serve_the_later_one(world: World):
    world.treat(world.ada, FIRST, area=NECK, reason="Given under a flag")
    later = world.treat(world.bea, FIRST + timedelta(days=20), area=NECK)

    assert refused_by(change(later, course_id=world.course_of(world.ada, NECK).pk)) == "treatment_interval"


# ---- what may change of a record ----


@pytest.mark.parametrize(
    "columns",
    [
        VOIDED,
        {"incident_reason": "Recorded as it happened"},
        {"findings": '[{"code": "pregnancy"}]'},
    ],
    ids=["void", "reason", "findings"],
)
def test_what_may_be_added_to_a_treatment(world: World, columns: dict):
    assert refused_by(change(world.given.treatment, **columns)) is None


def test_a_treatment_moves_with_its_patient_and_is_tied_to_its_visit_once(world: World):
    treatment = world.given.treatment

    assert refused_by(change(treatment, patient_id=world.ada.pk, appointment_id=world.visit.pk)) is None
    assert refused_by(change(treatment, appointment_id=world.later.pk)) == "treatment_kept"


def test_a_reason_grows_and_never_shrinks(world: World):
    treatment = world.given.treatment
    for words in ("Recorded as it happened", "Recorded as it happened, see the notes"):
        assert refused_by(change(treatment, incident_reason=words)) is None

    for words in ("", "Recorded as it happened", "Something else altogether, and longer than it was"):
        assert refused_by(change(treatment, incident_reason=words)) == "treatment_kept"


def test_a_voided_treatment_stays_voided(world: World):
    treatment = world.given.treatment
    assert refused_by(change(treatment, **VOIDED)) is None

    for columns in (
        {"voided_at": None, "voided_by": "", "void_reason": ""},
        {"voided_by": "somebody else"},
        {"void_reason": "For another reason"},
    ):
        assert refused_by(change(treatment, **columns)) == "treatment_kept"


def test_a_flag_ends_is_reviewed_and_entered_in_error_for_good(world: World):
    flag = world.pregnancy
    for columns in ({"review_on": "2027-01-01"}, {"ends_on": "2027-02-01", "ended_by": "osei"}, {"ends_on": None}):
        assert refused_by(change(flag, **columns)) is None
    assert refused_by(change(flag, in_error=True, error_reason="Another patient's")) is None

    assert refused_by(change(flag, in_error=False)) == "flag_kept"


def test_what_else_moves_with_a_merge_or_is_noted_later(world: World):
    assert refused_by(change(world.answer, patient_id=world.dan.pk)) is None
    assert refused_by(change(world.consent, patient_id=world.dan.pk, withdrawn_on="2026-11-30")) is None
    assert refused_by(change(world.given, worn_off_on="2026-09-10")) is None
    assert refused_by(change(world.given, repeat_from="2026-09-10")) == "given_kept"


def test_an_interval_that_was_not_known_is_filled_in_once_and_not_past_the_guard(world: World):
    loose = copy(world.given, treatment_id=_new(world, "2026-07-01"), repeat_from=None, previous_until=None)
    assert refused_by(loose) == "treatment_interval"  # the first one's own interval is known
    far = copy(world.given, treatment_id=_new(world, "2026-11-01"), repeat_from=None, previous_until=None)
    assert refused_by(far) is None
    row = CourseTreatment.objects.latest("pk")

    assert refused_by(change(row, previous_until="2026-05-31")) == "treatment_interval"
    assert refused_by(change(row, previous_until="2026-06-01")) is None


def _new(world: World, day: str) -> int:
    number = f"N{day[5:7]}{day[8:]}"
    assert refused_by(copy(world.given.treatment, performed_on=day, public_id=number)) is None
    return Treatment.objects.get(public_id=number).pk


MAY_CHANGE = {
    "treatments_safetyanswer": {"patient_id"},
    "treatments_consent": {"patient_id", "withdrawn_on"},
    "treatments_flag": {
        "patient_id", "ends_on", "review_on", "source", "note", "ended_by", "error_reason", "in_error", "version",
    },
    "treatments_treatment": {"patient_id", "findings", "incident_reason"},
    "treatments_coursetreatment": {"course_id", "worn_off_on", "still_working_on", "seen_gone_on"},
}  # fmt: skip


@pytest.mark.parametrize("table", common.STAYS)
def test_every_column_of_a_record_is_said_to_stay_or_to_change(table: str):
    [model] = [model for model in apps.get_models() if model._meta.db_table == table]
    columns = {field.column for field in model._meta.concrete_fields}

    stays = set(common.STAYS[table]) | set(common.FILLED_ONCE.get(table, ()))

    assert stays | MAY_CHANGE[table] == columns
    assert not stays & MAY_CHANGE[table]


@pytest.mark.sqlite
@pytest.mark.parametrize("what", ["visit", "injection", "answer"])
def test_replace_deletes_nothing_past_a_guard(world: World, what: str):
    row = getattr(world, what)
    names = ", ".join(f'"{field.column}"' for field in row._meta.concrete_fields)
    sql = f"INSERT OR REPLACE INTO {row._meta.db_table} ({names}) SELECT {names} FROM {row._meta.db_table} WHERE id = {row.pk}"

    assert connection.vendor == "sqlite"
    assert refused_by(sql) is not None


def test_a_patient_may_be_amended(world: World):
    person = factories.patient()

    assert refused_by(change(person, family_name="Else", born_on="1970-02-28")) is None
