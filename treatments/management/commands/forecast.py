"""The dates of one patient's courses, each with its reasons."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from treatments.management.commands.due import a_day
from treatments.models import Course, Patient
from treatments.queries import choices, history
from treatments.queries.rulebook import rulebook
from treatments.rules.facts import Facts, RuleBook
from treatments.rules.intervals import Forecast, band_on, forecast

_DATES = ("earliest_on", "due_from", "due_until", "overdue_from", "lapsed_from")
_COMPUTED = ("computed_from", "computed_until")  # beside a window that was set by hand


def the_patient(public_id: str) -> Patient:
    """The patient of a number, or the end of the command with exit code 2."""
    try:
        return Patient.objects.get(public_id=public_id.upper())
    except (Patient.DoesNotExist, ValueError) as error:
        raise CommandError(f"No patient has the number “{public_id}”.", returncode=2) from error


class Command(BaseCommand):
    help = "Print the dates of each course of a patient, with the reasons and the band on a day."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("public_id", help="the patient number, like 7KX2Q9")
        parser.add_argument("--on", type=a_day, metavar="YYYY-MM-DD", help="the day to judge; today without it")
        parser.add_argument("--format", choices=["table", "json"], default="table")

    def handle(self, *args: Any, **options: Any) -> None:
        patient = the_patient(options["public_id"])
        today = timezone.localdate()
        on = options["on"] or today
        facts, book = history.facts(patient), rulebook(today)
        courses = patient.courses.select_related("indication").order_by("indication__code")
        found = [course_data(course, facts, book, on=on) for course in courses]
        if options["format"] == "json":
            whole = {
                "public_id": patient.public_id,
                "source_id": patient.source_id or "",
                "name": patient.list_name,
                "on": on.isoformat(),
                "courses": found,
            }
            self.stdout.write(json.dumps(whole, ensure_ascii=False, indent=2))
        else:
            self.as_table(patient, on, found)

    def as_table(self, patient: Patient, on: date, courses: list[dict[str, Any]]) -> None:
        self.stdout.write(f"{patient.list_name} ({patient.public_id}) on {on.isoformat()}")
        for course in courses:
            self.stdout.write(f"\n{course['indication']}: {course['band']}")
            for doubt in filter(None, [course["doubt"], *course["hold_reasons"]]):
                self.stdout.write(f"  {doubt}")
            for about in _DATES:
                self.stdout.write(f"  {about:<13} {course[about] or '-'}")
                for reason in course["reasons"]:
                    if reason["about"] == about:
                        mark = "*" if reason["decided"] else " "
                        self.stdout.write(f"    {mark} {reason['day']}  {reason['sentence']} [{reason['source']}]")
        if not courses:
            self.stdout.write("No course is on record.")


def course_data(course: Course, facts: Facts, book: RuleBook, *, on: date) -> dict[str, Any]:
    """The forecast of one course in plain values."""
    found: Forecast = forecast(course.indication.code, facts, book, choice=choices.of(course))
    stopped = any(day and day <= on for day in (course.stopped_on, facts.died_on))
    dates = {name: getattr(found, name) for name in ("last_treated_on", "last_effective_on", *_DATES, *_COMPUTED)}
    return {
        "indication": found.indication,
        "band": band_on(found, on, stopped=stopped).value,
        **{name: value.isoformat() if value else None for name, value in dates.items()},
        "doubt": found.doubt,
        "hold_reasons": sorted({block.label for block in found.blocks if block.period.covers(on)}),
        "reasons": [reason.as_data() for reason in found.reasons],
        "learned": found.learned.as_data() if found.learned else {},
    }
