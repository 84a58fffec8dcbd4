"""What every import promises: whole rows, nothing twice, nothing dropped silently."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinic.models import AuditEvent
from tests import factories
from treatments.models import Appointment, Flag, Injection, Patient, Treatment
from treatments.models.fields import PUBLIC_ID_ALPHABET
from treatments.queries import patients as find
from treatments.queries.invariants import violations
from treatments.rules.vocabulary import AppointmentState
from treatments.services import (
    import_files,
    import_flags,
    import_patients,
    import_treatments,
    imports,
    merges,
    stored_dates,
)
from treatments.services.imports import Outcome, Run

RUN = Run(by="tester", at=factories.NOW)
PATIENTS = "Id,FIRST,LAST,BIRTHDATE"
TREATMENTS = "PATIENT,DATE,PRODUCT,AREA,UNITS,LOT,EXPIRY,INJECTOR,TYPE,WORE_OFF,NOTE"
FLAGS = "PATIENT,FLAG,START,STOP,SOURCE"


def file(folder: Path, *lines: str | bytes) -> Path:
    path = folder / "old.csv"
    path.write_bytes(b"\n".join(line if isinstance(line, bytes) else line.encode() for line in lines))
    return path


def read(folder: Path, *lines: str | bytes, table: str = "patients") -> import_files.Sheet:
    return import_files.read(file(folder, *lines), table)


def treatments(folder: Path, *rows: str, run: Run = RUN) -> Outcome:
    return import_treatments.bring_in(read(folder, TREATMENTS, *rows, table="treatments"), run)


def flags(folder: Path, *rows: str, run: Run = RUN) -> Outcome:
    return import_flags.bring_in(read(folder, FLAGS, *rows, table="flags"), run)


def people(folder: Path, *rows: str, run: Run = RUN) -> Outcome:
    return import_patients.bring_in(read(folder, PATIENTS, *rows), run)


def rejects(outcome: Outcome) -> list[tuple[int, str]]:
    return [(problem.line, problem.column) for problem in outcome.rejects]


# ---- writing ----


@pytest.mark.django_db
def test_write_saves_all_but_those_that_the_database_refuses():
    def save(some):
        for name in some:
            factories.practitioner(name=name)

    refused = imports.write(["R. Osei", "R. Osei", "T. Lin"], save)

    assert refused == ["R. Osei"]
    assert AuditEvent.objects.count() == 0
    assert sorted(factories.Practitioner.objects.values_list("name", flat=True)) == ["R. Osei", "T. Lin"]


@pytest.mark.django_db
def test_fresh_ids_are_unlike_those_in_use(monkeypatch):
    factories.load_catalogue()
    taken = factories.patient().public_id
    offered = iter([taken, "AAAAAA", "AAAAAA", "CCCCCC"])
    monkeypatch.setattr(imports, "new_public_id", lambda: next(offered))

    assert sorted(imports.fresh_ids(Patient, 2)) == ["AAAAAA", "CCCCCC"]
    assert set("AC") < set(PUBLIC_ID_ALPHABET)


# ---- patients ----


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("other", "alike"),
    [
        ("2,Oxley,ann,1985-02-03", True),
        ("2,Anne,Oxley,1985-02-03", False),
        ("2,Ann,Oxley,1985-02-04", False),
    ],
)
def test_resemblance_is_that_of_the_desk_within_the_file_too(tmp_path, other, alike):
    outcome = people(tmp_path, "1,Ann,Oxley,1985-02-03", other)
    _id, given, family, born_on = other.split(",")
    at_the_desk = find.resembling(
        family_name=family, given_name=given, born_on=date.fromisoformat(born_on), phone="", but=None
    )

    assert bool(outcome.rejects) == alike
    assert "Ann" in {one.given_name for one in at_the_desk} or not alike
    assert Patient.objects.count() == (1 if alike else 2)


@pytest.mark.django_db
def test_changed_patient_is_left_alone_and_said(tmp_path):
    people(tmp_path, "1,Ann,Oxley,1985-02-03")

    outcome = people(tmp_path, "1,Ann,Oxley-Marsh,1985-02-03")

    assert (outcome.n_imported, outcome.n_known, outcome.rejects) == (0, 1, [])
    assert "with other values in LAST. Nothing was changed." in outcome.warnings[0].sentence
    assert Patient.objects.get().family_name == "Oxley"


@pytest.mark.django_db
def test_imported_patient_is_found_by_the_search(tmp_path):
    people(tmp_path, "1,Åsa,O'Neil,1985-02-03")

    assert [one.source_id for one in find.search("oneil asa")] == ["1"]


# ---- treatments ----


@pytest.fixture
def ann(tmp_path):
    factories.load_catalogue()
    people(tmp_path, "1,Ann,Oxley,1985-02-03")
    return Patient.objects.get()


def kinds() -> list[tuple[str, str, list[str]]]:
    return [
        (str(one.performed_on), one.kind, sorted(one.courses.values_list("course__indication__code", flat=True)))
        for one in Treatment.objects.order_by("performed_on", "kind")
    ]


@pytest.mark.django_db
@pytest.mark.parametrize(("day", "kind"), [("07", "full"), ("08", "touch_up"), ("29", "touch_up"), ("30", "full")])
def test_touch_up_outside_days_7_to_28_is_recorded_as_full(tmp_path, ann, day, kind):
    outcome = treatments(
        tmp_path,
        f"1,{day}/05/2024,Botox,Glabella,4,C1,2030-01-31,,Touch-up,,",
        "1,01/05/2024,Botox,Glabella,20,C1,2030-01-31,,Full,,",
    )

    assert [one[1] for one in kinds()] == ["full", kind]
    assert any("Recorded as full" in one.sentence for one in outcome.warnings) == (kind == "full")


@pytest.mark.django_db
def test_touch_up_that_is_one_for_one_area_only_becomes_two_treatments(tmp_path, ann):
    rows = (
        "1,01/05/2024,Botox,Glabella,20,C1,2030-01-31,,Full,,",
        "1,15/05/2024,Botox,Glabella,4,C1,2030-01-31,,Touch-up,,",
        "1,15/05/2024,Botox,Forehead,4,C1,2030-01-31,,Touch-up,,",
    )
    treatments(tmp_path, *rows)
    again = treatments(tmp_path, *rows)

    assert kinds() == [
        ("2024-05-01", "full", ["glabellar_lines"]),
        ("2024-05-15", "full", ["forehead_lines"]),
        ("2024-05-15", "touch_up", ["glabellar_lines"]),
    ]
    assert (again.n_imported, again.n_known) == (0, 3)


@pytest.mark.django_db
def test_corrected_area_of_a_treatment_that_is_in_comes_in_beside_it(tmp_path, ann):
    good, bad = (f"1,01/05/2024,Botox,{area},20,C1,2030-01-31,,Full,," for area in ("Glabella", "Forhed"))
    first = treatments(tmp_path, good, bad)
    second = treatments(tmp_path, good, bad.replace("Forhed", "Forehead"))

    assert (rejects(first), rejects(second)) == ([(3, "AREA")], [])
    assert [one[2] for one in kinds()] == [["glabellar_lines"], ["forehead_lines"]]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("old", "new", "column"),
    [(",20,", ",24,", "UNITS"), ("C1", "C2", "UNITS"), ("Full,,", "Full,06/09/2024,", "WORE_OFF")],
)
def test_changed_row_of_a_treatment_that_is_in_is_not_dropped_silently(tmp_path, ann, old, new, column):
    line = "1,01/05/2024,Botox,Glabella,20,C1,2030-01-31,,Full,,"
    treatments(tmp_path, line)

    outcome = treatments(tmp_path, line.replace(old, new))

    assert rejects(outcome) == [(2, column)]
    assert Treatment.objects.get().public_id in outcome.rejects[0].sentence


@pytest.mark.django_db
def test_two_lots_make_two_treatments_and_two_sites_of_an_area_add_up(tmp_path, ann):
    outcome = treatments(
        tmp_path,
        "1,01/05/2024,Botox,Glabella,20,C1,2030-01-31,,Full,,",
        "1,01/05/2024,Botox,Glabella,4,C1,2030-01-31,,Full,,",
        "1,01/05/2024,Botox,Forehead,10,C2,2030-01-31,,Full,,",
    )

    assert sorted(Treatment.objects.values_list("lot_number", "courses__units")) == [("C1", 24), ("C2", 10)]
    assert Injection.objects.count() == 3
    assert len(outcome.warnings) >= 2


@pytest.mark.django_db
@pytest.mark.parametrize("worn_off", ["31/04/2024", "30/04/2024", "01/01/2131", "soon"])
def test_impossible_day_of_worn_off_stays_out_and_its_row_comes_in(tmp_path, ann, worn_off):
    outcome = treatments(tmp_path, f"1,01/05/2024,Botox,Glabella,20,C1,2030-01-31,,Full,{worn_off},")

    assert outcome.n_imported == 1
    assert [problem.column for problem in outcome.warnings] == ["WORE_OFF"]
    assert Treatment.objects.get().courses.get().worn_off_on is None


@pytest.mark.django_db
@pytest.mark.parametrize(("lot", "expiry", "column"), [("", "2030-01-31", "LOT"), ("C1", "", "EXPIRY")])
def test_treatment_without_lot_or_expiry_is_rejected(tmp_path, ann, lot, expiry, column):
    outcome = treatments(tmp_path, f"1,01/05/2024,Botox,Glabella,20,{lot},{expiry},,Full,,")

    assert rejects(outcome) == [(2, column)]
    assert not Treatment.objects.exists()


@pytest.mark.django_db
def test_history_is_recorded_with_the_findings_of_its_day_and_no_others(tmp_path, ann):
    flags(tmp_path, "1,Pregnancy,2024-01-01,2024-08-01,")

    treatments(tmp_path, "1,01/05/2024,Botox,Glabella,20,C1,2024-04-30,R. Osei,Full,,")

    treatment = Treatment.objects.get()
    assert [one["code"] for one in treatment.findings] == ["lot_expired", "pregnancy"]
    assert treatment.incident_reason == "Recorded as it happened in the old system"
    assert treatment.sub_standard
    assert (treatment.practitioner.name, treatment.practitioner.is_active) == ("R. Osei", False)
    assert treatment.courses.get().licence.product.code == "botox"


# ---- flags ----


@pytest.mark.django_db
def test_open_flag_that_passes_is_asked_about_at_once(tmp_path, ann):
    flags(tmp_path, "1,Pregnancy,2024-01-01,,told reception", "1,Myasthenia gravis,2024-01-01,,letter")

    assert dict(Flag.objects.values_list("kind", "review_on")) == {
        "pregnancy": factories.TODAY, "myasthenia_gravis": None,
    }  # fmt: skip


@pytest.mark.django_db
def test_flags_that_cannot_stand_are_rejected_and_the_same_one_counts_once(tmp_path, ann):
    outcome = flags(
        tmp_path,
        "1,Pregnancy,2024-01-01,2024-08-01,",
        "1,pregnant,01/01/2024,2024-08-01,",
        "1,Pregnancy,2024-08-01,2024-01-01,",
        "1,Bad hair,2024-08-01,,",
        "1,Pregnancy,1984-08-01,,",
        "2,Pregnancy,2024-08-01,,",
        "1,Pregnancy,2024-01-01,2024-09-01,",
    )

    assert (outcome.n_imported, outcome.n_known) == (1, 1)
    assert rejects(outcome) == [(4, "STOP"), (5, "FLAG"), (6, "START"), (7, "PATIENT"), (8, "STOP")]


@pytest.mark.django_db
def test_days_nobody_will_see_are_no_end_and_no_start(tmp_path, ann):
    outcome = flags(tmp_path, "1,Pregnancy,2024-01-01,9999-12-31,", "1,Pregnancy,9999-12-31,,")

    assert rejects(outcome) == [(3, "START")]
    assert [one.column for one in outcome.warnings] == ["STOP"]
    assert Flag.objects.get().ends_on is None


@pytest.mark.django_db
def test_flag_that_was_ended_here_is_there_already(tmp_path, ann):
    line = "1,Pregnancy,2024-01-01,,"
    flags(tmp_path, line)
    Flag.objects.update(ends_on=date(2024, 9, 1))

    outcome = flags(tmp_path, line)

    assert (outcome.n_known, outcome.rejects) == (1, [])
    assert Flag.objects.get().ends_on == date(2024, 9, 1)


@pytest.mark.django_db
def test_imported_flag_puts_the_visit_it_covers_on_hold(tmp_path, ann):
    treatments(tmp_path, "1,01/05/2024,Botox,Glabella,20,C1,2030-01-31,,Full,,")
    visit = Appointment.objects.create(
        patient=ann, practitioner=factories.practitioner(), room=factories.room(), on=date(2026, 12, 1),
        starts_at="2026-12-01T10:00Z", ends_at="2026-12-01T10:30Z", state_by="tester", state_at=factories.NOW,
        booked_by="tester", booked_at=factories.NOW,
    )  # fmt: skip
    visit.courses.set(ann.courses.all())

    flags(tmp_path, "1,Breastfeeding,2026-10-18,,told clinician")

    visit.refresh_from_db()
    assert visit.state == AppointmentState.ON_HOLD


# ---- cost ----


@pytest.mark.django_db
def test_number_of_queries_does_not_grow_with_the_rows(tmp_path):
    factories.load_catalogue()
    counts = []
    for first, last in ((0, 2), (2, 2 + stored_dates.WRITTEN)):
        numbers = range(first, last)
        n_queries = 0
        for bring_in, lines in (
            (people, [f"p{n},Ann,Oxley{n},1985-02-03" for n in numbers]),
            (treatments, [f"p{n},01/05/2024,Botox,Glabella,20,C1,2030-01-31,,Full,," for n in numbers]),
            (flags, [f"p{n},Pregnancy,2024-01-01,2024-08-01," for n in numbers]),
        ):
            with CaptureQueriesContext(connection) as caught:
                bring_in(tmp_path, *lines)
            n_queries += len(caught)
        counts.append(n_queries)

    assert counts[0] == counts[1]


# ---- records that were merged ----


@pytest.mark.django_db
def test_rows_about_a_record_that_was_merged_land_on_the_one_that_was_kept(tmp_path):
    factories.load_catalogue()
    people(tmp_path, "a-1,Alina,Marsh,1985-07-14", "b-2,Alina,Okafor,1985-07-14", "c-3,Alina,Third,1985-07-14")
    kept, gone, last = (Patient.objects.get(source_id=source_id) for source_id in ("a-1", "b-2", "c-3"))
    row = "b-2,2026-03-02,botox,glabellar_lines,20,L1,2027-12-31,R. Osei,full,,"
    first = treatments(tmp_path, row)
    merges.merge(kept, gone, reason="The same person", by="tester", at=factories.NOW)
    merges.merge(last, kept, reason="The same person", by="tester", at=factories.NOW)

    again = treatments(tmp_path, row)
    later = treatments(tmp_path, "b-2,2026-08-02,botox,glabellar_lines,20,L1,2027-12-31,R. Osei,full,,")
    flagged = flags(tmp_path, "b-2,pregnancy,2026-11-01,,Letter")

    assert [(o.n_imported, o.n_known, o.rejects) for o in (first, again, later, flagged)] == [
        (1, 0, []),
        (0, 1, []),
        (1, 0, []),
        (1, 0, []),
    ]
    assert {row.patient for row in Treatment.objects.all()} == {last} == {Flag.objects.get().patient}
    assert violations(connection) == []


@pytest.mark.django_db
def test_a_merge_while_a_file_comes_in_leaves_nothing_with_the_record_that_went(tmp_path, monkeypatch):
    factories.load_catalogue()
    people(tmp_path, "a-1,Alina,Marsh,1985-07-14", "b-2,Alina,Okafor,1985-07-14")
    kept, gone = (Patient.objects.get(source_id=source_id) for source_id in ("a-1", "b-2"))
    read_before = imports.people(read(tmp_path, FLAGS, "b-2,pregnancy,2026-11-01,,", table="flags"))
    merges.merge(kept, gone, reason="The same person", by="tester", at=factories.NOW)
    monkeypatch.setattr(imports, "people", lambda _sheet: read_before)

    outcomes = [
        flags(tmp_path, "b-2,pregnancy,2026-11-01,,"),
        treatments(tmp_path, "b-2,2026-08-02,botox,glabellar_lines,20,L1,2027-12-31,R. Osei,full,,"),
    ]

    assert [rejects(outcome) for outcome in outcomes] == [[(2, "")], [(2, "")]]
    assert (Flag.objects.count(), Treatment.objects.count()) == (0, 0)
