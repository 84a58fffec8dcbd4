"""The flags of an old system, and what they say of treatments that came from there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from clinic import audit
from treatments.models import Flag
from treatments.queries.rulebook import rulebook
from treatments.rules import reference
from treatments.rules.facts import RuleBook
from treatments.services import import_cells as cells
from treatments.services import import_marks, imports
from treatments.services.import_files import Row, Sheet, Spoilt
from treatments.services.import_marks import Mark
from treatments.services.imports import Outcome, Person, Run

_AHEAD_YEARS = 50
_CHECKED_BEFORE = ("public_id", "patient")


@dataclass(frozen=True, slots=True)
class _Raised:
    row: Row
    person: Person
    flag: Flag

    @property
    def key(self) -> tuple[int, str, date]:
        return self.person.pk, self.flag.kind, self.flag.starts_on


def bring_in(sheet: Sheet, run: Run) -> Outcome:
    """Add the flags that are not there yet; a row comes in whole or is rejected with its sentence."""
    outcome, book = Outcome(sheet), rulebook(run.on)
    by_person = _read(sheet, run, outcome)
    n_done = len(sheet.rows) - sum(map(len, by_person))
    for some in imports.chunks_of_groups(by_person):
        _bring_in_some(some, book, run, outcome)
        n_done += sum(map(len, some))
        run.progress(n_done, len(sheet.rows))
    return outcome.in_order()


def _read(sheet: Sheet, run: Run, outcome: Outcome) -> list[list[_Raised]]:
    """The rows that can stand, by patient."""
    known, book = imports.people(sheet), rulebook(run.on)
    found: dict[int, list[_Raised]] = defaultdict(list)
    for row in sheet.rows:
        try:
            raised = _raised(row, imports.person_of(row, known), book, run, outcome)
        except Spoilt as spoilt:
            outcome.reject(row, spoilt.field, spoilt.sentence)
        else:
            found[raised.person.pk].append(raised)
    return [found[pk] for pk in sorted(found)]


def _raised(row: Row, person: Person, book: RuleBook, run: Run, outcome: Outcome) -> _Raised:
    named = reference.find_contraindication(row.text("kind"))
    rule = book.contraindications.get(named.code) if named else None
    if rule is None or not rule.raised_by_hand:
        raise Spoilt(
            "kind", _("The catalogue has no flag of this name.") if row.text("kind") else _("The flag is missing.")
        )
    starts_on = cells.needed_day(row, "starts_on", run.date_order)
    ends_on = _ends_on(row, run, outcome)
    if starts_on.year > run.on.year + _AHEAD_YEARS:
        raise Spoilt("starts_on", _("The start lies more than %(n)d years ahead.") % {"n": _AHEAD_YEARS})
    if starts_on < person.born_on:
        raise Spoilt("starts_on", _("The start must be the same as or after the date of birth."))
    if ends_on and ends_on < starts_on:
        raise Spoilt("ends_on", _("The end lies before the start."))
    flag = Flag(
        patient_id=person.pk,
        kind=rule.code,
        starts_on=starts_on,
        ends_on=ends_on,
        # Nobody here has confirmed it: it holds, and is asked about at once.
        review_on=run.on if rule.time_limited and not ends_on else None,
        source=row.text("source"),
        raised_by=run.by,
        raised_at=run.at,
        ended_by=run.by if ends_on else "",
    )
    try:
        flag.clean_fields(exclude=_CHECKED_BEFORE)
    except ValidationError as error:
        name, messages = next(iter(error.message_dict.items()))
        raise Spoilt(name, messages[0]) from error
    return _Raised(row, person, flag)


def _ends_on(row: Row, run: Run, outcome: Outcome) -> date | None:
    """The first day it no longer holds. Old systems write "no end" as a day that nobody will see."""
    day = cells.day(row, "ends_on", run.date_order)
    if day and day.year > run.on.year + _AHEAD_YEARS:
        outcome.warn(row, "ends_on", _("More than %(n)d years ahead: taken for no end.") % {"n": _AHEAD_YEARS})
        return None
    return day


def _bring_in_some(by_person: list[list[_Raised]], book: RuleBook, run: Run, outcome: Outcome) -> None:
    people = [group[0].person.pk for group in by_person]
    there = {
        (pk, kind, starts_on): ends_on
        for pk, kind, starts_on, ends_on in Flag.objects.filter(patient__in=people).values_list(
            "patient", "kind", "starts_on", "ends_on"
        )
    }
    new = [[raised for raised in group if _is_new(raised, there, outcome)] for group in by_person]
    batches = [group for group in new if group]
    n_new = sum(map(len, batches))
    for raised, public_id in zip(
        (raised for group in batches for raised in group), imports.fresh_ids(Flag, n_new), strict=True
    ):
        raised.flag.public_id = public_id
    marks = import_marks.of_flags([raised.flag for group in batches for raised in group], book)

    def save(some: Sequence[list[_Raised]]) -> None:
        _save([raised for group in some for raised in group], marks, run)

    refused = [] if run.dry_run or not batches else imports.write(batches, save)
    for group in batches:
        for raised in group:
            if group in refused:
                outcome.reject(raised.row, "", _("The database refused this patient's flags. Raise them by hand."))
                continue
            outcome.n_imported += 1
            outcome.n_made += 1
            for mark in marks:
                if mark.flag is raised.flag:
                    outcome.warn(raised.row, "kind", mark.sentence)


def _is_new(raised: _Raised, there: dict[tuple[int, str, date], date | None], outcome: Outcome) -> bool:
    """False for what is there already, whatever has become of it since. Another end is for a person to judge."""
    if raised.key not in there:
        there[raised.key] = raised.flag.ends_on
        return True
    ends_on = raised.flag.ends_on
    if ends_on and ends_on != there[raised.key]:
        outcome.reject(raised.row, "ends_on", _("Came in before with another end. Change it on the patient's page."))
    else:
        outcome.n_known += 1
    return False


def _save(some: list[_Raised], marks: list[Mark], run: Run) -> None:
    """Write flags, what they say of treatments already recorded, and the dates and visits that follow."""
    people = {raised.person.pk for raised in some}
    # The lock that booking takes: no visit slips in between the flag and the look at the visits.
    imports.hold(people)
    for raised in some:
        raised.flag.pk, raised.flag._state.adding = None, True  # also after a write that was undone
    Flag.objects.bulk_create(raised.flag for raised in some)
    audit.record_many(
        audit.event(
            "flag.imported",
            raised.flag,
            by=run.by,
            at=run.at,
            patient=raised.person.public_id,
            details={
                "kind": raised.flag.kind,
                "starts_on": raised.flag.starts_on,
                "ends_on": raised.flag.ends_on,
                "line": raised.row.line,
            },
        )
        for raised in some
    )
    import_marks.save([mark for mark in marks if mark.flag.patient_id in people], run)
    imports.facts_changed(people, run)
