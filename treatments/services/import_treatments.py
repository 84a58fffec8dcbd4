"""The treatments of an old system: history is recorded as it happened, never refused by the gate."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _

from clinic import audit
from clinic.models import AuditEvent, Practitioner
from treatments.models import (
    Course,
    CourseTreatment,
    Indication,
    Injection,
    Licence,
    Product,
    Treatment,
    in_effect,
)
from treatments.queries import history
from treatments.queries.rulebook import rulebook
from treatments.rules.facts import RuleBook
from treatments.services import import_history, import_lines, imports
from treatments.services.import_files import Sheet, Spoilt
from treatments.services.import_history import Visit
from treatments.services.import_lines import Line
from treatments.services.imports import Outcome, Run
from treatments.services.records import interval_days


@dataclass(frozen=True, slots=True)
class _Stored:
    """One area of a treatment that an earlier import has brought in."""

    given: tuple[str, Decimal, str, date | None]
    worn_off_on: date | None
    public_id: str


def bring_in(sheet: Sheet, run: Run) -> Outcome:
    """Add the treatments that are not there yet; a row comes in whole or is rejected with its sentence."""
    outcome, book = Outcome(sheet), rulebook(run.on)
    by_person = _read(sheet, run, outcome)
    n_done = len(sheet.rows) - sum(map(len, by_person))
    for some in imports.chunks_of_groups(by_person):
        _bring_in_some(some, book, run, outcome)
        n_done += sum(map(len, some))
        run.progress(n_done, len(sheet.rows))
    return outcome.in_order()


def _read(sheet: Sheet, run: Run, outcome: Outcome) -> list[list[Line]]:
    """The rows that can stand, by patient."""
    known = imports.people(sheet)
    seen: dict[tuple[object, ...], int] = {}
    found: dict[int, list[Line]] = defaultdict(list)
    for row in sheet.rows:
        try:
            line = import_lines.read(row, known, run, outcome)
        except Spoilt as spoilt:
            outcome.reject(row, spoilt.field, spoilt.sentence)
            continue
        first = seen.setdefault(line.said, row.line)
        if first != row.line:
            outcome.reject(row, "", _("The same row as line %(n)d: it counts once.") % {"n": first})
        else:
            found[line.person.pk].append(line)
    return [found[pk] for pk in sorted(found)]


def _bring_in_some(by_person: list[list[Line]], book: RuleBook, run: Run, outcome: Outcome) -> None:
    people = {lines[0].person.pk: lines[0].person for lines in by_person}
    facts = history.facts_of(people)
    stored, taken = _stored(people)
    batches = []
    for lines in by_person:
        new = [line for line in lines if _is_new(line, stored[line.key], outcome)]
        if new:
            person = new[0].person
            batches.append(list(import_history.visits(new, facts[person.pk], book, taken, outcome)))

    def save(some: Sequence[list[Visit]]) -> None:
        _save([visit for visits in some for visit in visits], run)

    refused = [] if run.dry_run or not batches else imports.write(batches, save)
    for visits in batches:
        if visits in refused:
            _refuse(visits, outcome)
        else:
            outcome.n_made += len(visits)
            outcome.n_imported += sum(len(visit.lines) for visit in visits)


def _refuse(visits: list[Visit], outcome: Outcome) -> None:
    for visit in visits:
        for line in visit.lines:
            outcome.reject(line.row, "", _("The database refused this patient's rows. Record them by hand."))


def _stored(people: Iterable[int]) -> tuple[dict[str, list[_Stored]], set[str]]:
    """What earlier imports brought in for these patients, by the key of the rows; and every key that is taken."""
    rows = Injection.objects.filter(
        given__treatment__patient__in=people, given__treatment__source_key__isnull=False
    ).values_list(
        "given__treatment__source_key",
        "given__course__indication__code",
        "units",
        "given__treatment__lot_number",
        "given__treatment__lot_expires_on",
        "given__worn_off_on",
        "given__treatment__public_id",
    )
    found: dict[str, list[_Stored]] = defaultdict(list)
    taken = set()
    for key, indication, units, number, expires_on, worn_off_on, public_id in rows:
        taken.add(key or "")
        given = (indication, units, number, expires_on)
        found[(key or "").partition("#")[0]].append(_Stored(given, worn_off_on, public_id))
    return found, taken


def _is_new(line: Line, stored: list[_Stored], outcome: Outcome) -> bool:
    """False for what is there already. A row that was changed since is rejected: a signed treatment is amended by hand."""
    same_area = [old for old in stored if old.given[0] == line.indication]
    if not same_area:
        if stored:
            sentence = _("Treatment %(id)s of that day is signed: this area was recorded as a treatment of its own.")
            outcome.warn(line.row, "indication", sentence % {"id": stored[0].public_id})
        return True
    same = next((old for old in same_area if old.given == line.given), None)
    if same is None:
        sentence = _("Came in before with other units or another lot. Amend treatment %(id)s where this row is right.")
        outcome.reject(line.row, "units", sentence % {"id": same_area[0].public_id})
    elif line.worn_off_on and line.worn_off_on != same.worn_off_on:
        sentence = _("Came in before without this day. Note it at treatment %(id)s.")
        outcome.reject(line.row, "worn_off_on", sentence % {"id": same.public_id})
    else:
        outcome.n_known += 1
    return False


def _save(visits: list[Visit], run: Run) -> None:
    """Write treatments with their areas and sites, then the dates that follow from them."""
    people = {visit.person.pk: visit.person for visit in visits}
    # The lock that booking and recording take: nobody books on dates that are about to move.
    imports.hold(people)
    injectors = _injectors(visits, run)
    products = {row.code: row for row in Product.objects.all()}
    treatments = [
        Treatment(
            public_id=public_id,
            patient_id=visit.person.pk,
            performed_on=visit.performed_on,
            kind=visit.kind.value,
            product=products[visit.product],
            lot_number=visit.lot_number,
            lot_expires_on=visit.lot_expires_on,
            practitioner=injectors.get(visit.lines[0].injector.casefold()),
            sub_standard=visit.sub_standard,
            note="; ".join(dict.fromkeys(line.note for line in visit.lines if line.note)),
            findings=[found.as_data() for found in visit.findings],
            incident_reason=visit.incident_reason,
            signed_by=run.by,
            signed_at=run.at,
            source_key=visit.source_key,
        )
        for visit, public_id in zip(visits, imports.fresh_ids(Treatment, len(visits)), strict=True)
    ]
    Treatment.objects.bulk_create(treatments)
    _save_areas(visits, treatments, run)
    audit.record_many(_events(visits, treatments, run))
    imports.facts_changed(people, run)


def _save_areas(visits: list[Visit], treatments: list[Treatment], run: Run) -> None:
    courses, licences, book = _courses(visits), _licences(run.on), rulebook(run.on)
    areas = []
    for visit, treatment in zip(visits, treatments, strict=True):
        for code, units in visit.units.items():
            course = courses[visit.person.pk, code]
            keys = ((treatment.product_id, course.indication_id), (None, course.indication_id))
            areas.append(
                CourseTreatment(
                    treatment=treatment,
                    course=course,
                    units=units,
                    licence_id=next((licences[key] for key in keys if key in licences), None),
                    worn_off_on=visit.worn_off_on(code),
                    **interval_days(
                        book,
                        indication=code,
                        product=visit.product,
                        performed_on=visit.performed_on,
                        kind=visit.kind,
                    ),
                )
            )
    CourseTreatment.objects.bulk_create(areas)
    given = {(area.treatment_id, area.course_id): area for area in areas}
    Injection.objects.bulk_create(
        Injection(
            given=given[treatment.pk, courses[visit.person.pk, line.indication].pk],
            site=line.row.text("indication"),
            units=line.units,
        )
        for visit, treatment in zip(visits, treatments, strict=True)
        for line in visit.lines
    )


def _courses(visits: list[Visit]) -> dict[tuple[int, str], Course]:
    """The course of each patient and area, opened where there was none; its dates come with the facts."""
    indications = {row.code: row for row in Indication.objects.all()}
    people = {visit.person.pk: visit.person for visit in visits}
    known = Course.objects.filter(patient__in=people).select_related("indication")
    found = {(course.patient_id, course.indication.code): course for course in known}
    wanted = {(visit.person.pk, code) for visit in visits for code in visit.units}
    new = {
        key: Course(patient_id=key[0], indication=indications[key[1]], earliest_on=people[key[0]].born_on)
        for key in sorted(wanted - set(found))
    }
    Course.objects.bulk_create(new.values())
    return found | new


def _licences(on: date) -> dict[tuple[int | None, int], int]:
    rows = Licence.objects.filter(in_effect(on)).order_by("pk").values_list("product", "indication", "pk")
    return {(product, indication): pk for product, indication, pk in rows}


def _injectors(visits: list[Visit], run: Run) -> dict[str, Practitioner]:
    """Who injected, by name. People nobody knows here are added as no longer working here."""
    found = {person.name.casefold(): person for person in Practitioner.objects.all()}
    names = {line.injector.casefold(): line.injector for visit in visits for line in visit.lines if line.injector}
    new = [Practitioner(name=name, is_active=False) for folded, name in names.items() if folded not in found]
    Practitioner.objects.bulk_create(new)
    audit.record_many(audit.event("practitioner.imported", person, by=run.by, at=run.at) for person in new)
    return found | {person.name.casefold(): person for person in new}


def _events(visits: list[Visit], treatments: list[Treatment], run: Run) -> Iterable[AuditEvent]:
    for visit, treatment in zip(visits, treatments, strict=True):
        yield audit.event(
            "treatment.imported",
            treatment,
            by=run.by,
            at=run.at,
            patient=visit.person.public_id,
            findings=treatment.findings,
            reason=treatment.incident_reason,
            details={"source_key": visit.source_key, "lines": [line.row.line for line in visit.lines]},
        )
