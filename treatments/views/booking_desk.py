"""What the pages of booking one patient share, and what the form starts with."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest, QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.formats import day, short_day
from treatments.forms.booking import BookingForm, in_use
from treatments.forms.times import TimeForm
from treatments.models import Course, Patient, Service
from treatments.queries import slots
from treatments.queries.courses import of_patient
from treatments.views.decision import Question, decide
from treatments.views.frames import patient_frame, patient_of
from treatments.views.slot_asked import asked_slot
from treatments.views.slots import choose
from treatments.views.visit_forms import without_slot


class Desk:
    """The patient, and all there is to choose from; each is read once."""

    def __init__(self, public_id: str) -> None:
        self.patient = patient_of(public_id)
        self.frame: dict[str, Any] = patient_frame(self.patient)
        self.on: date = self.frame["on"]
        self.own = _courses(self.patient)
        self.practitioners, self.usual = slots.practitioners_and_usual(self.patient)
        self.rooms, self.services, self.uses = slots.rooms(), slots.services(), in_use()
        self.notes = {course.indication.code: _note(course, self.on) for course in self.own}

    def form(self, **kwargs: Any) -> BookingForm:
        return BookingForm(
            courses=self.own,
            notes=self.notes,
            usual=self.usual,
            practitioners=self.practitioners,
            rooms=self.rooms,
            services=self.services,
            in_use=self.uses,
            **kwargs,
        )

    def question(self, data: QueryDict) -> Question:
        form = self.form(data=data)
        form.full_clean()
        said = form.cleaned_data
        indications, product = said.get("chosen", ()), said.get("product")
        return Question(self.patient, indications, product, form, self.own, service=said.get("service"))

    def about(self) -> dict[str, Any]:
        return {"patient": self.patient}

    def context(
        self, request: HttpRequest, question: Question, form: TimeForm, *, near: bool = False
    ) -> dict[str, Any]:
        wanted = question.form.starts_at if near else None
        if near and question.form.offered:
            question = self.question(without_slot(question.form))
        times = choose(question, self.frame, request, usual=self.usual, near=wanted)
        return self.frame | {
            "form": form,
            "times": times,
            "decision": decide(question, self.frame, request, has_hours=times.has_hours),
        }


def _courses(patient: Patient) -> list[Course]:
    """The patient's own courses: running first, by the day on which they are due."""
    return sorted(
        of_patient(patient.pk), key=lambda c: (c.stopped_on is not None, c.due_from or date.max, c.indication.name)
    )


def _note(course: Course, on: date) -> str:
    if course.stopped_on:
        return _("stopped %(day)s") % {"day": day(course.stopped_on)}
    if course.due_from is None or course.overdue_from is None or course.due_until is None:
        return _("not treated here yet")
    said = {"from": short_day(course.due_from), "until": day(course.due_until)}
    if on < course.due_from:
        return _("window %(from)s to %(until)s") % said
    if on < course.overdue_from:
        return _("due, window %(from)s to %(until)s") % said
    return _("overdue, window %(from)s to %(until)s") % said


def initial_of(request: HttpRequest, desk: Desk) -> dict[str, Any]:
    """What is asked for in the address, else what is due, with the usual practitioner and product."""
    asked = {code for text in request.GET.getlist("course") for code in text.split(",")}
    people = {str(each.pk): each.pk for each in desk.practitioners}
    usual = initial_for(desk, asked, service=request.GET.get("service", ""))
    return usual | {
        "practitioner": people.get(request.GET.get("practitioner", ""), usual["practitioner"]),
        "slot": asked_slot(request),
        "on": _day(request.GET.get("date", "")),
    }


def initial_for(desk: Desk, asked: set[str], *, service: str = "") -> dict[str, Any]:
    """The form for these indications, or for what is due where none is named."""
    running = [course for course in desk.own if not course.stopped_on]
    due = [c for c in running if c.due_from and c.due_from <= desk.on] or (running if len(running) == 1 else [])
    chosen = [c for c in desk.own if c.indication.code in asked] if asked else due
    known = {course.indication.code for course in desk.own}
    people = {str(each.pk): each.pk for each in desk.practitioners}
    codes = {course.indication.code for course in chosen} | asked
    return {
        "indications": [course.indication.code for course in chosen],
        "others": sorted(asked - known),
        "product": chosen[0].product if len({course.product for course in chosen}) == 1 else "",
        "service": _service(service, desk, codes),
        "practitioner": people.get(str(desk.usual)),
        "minutes": None if desk.services else 30,
    }


def _service(asked: str, desk: Desk, codes: set[str]) -> str:
    """The kind of visit asked for, else the treatment for these indications that needs the least preparation."""
    if asked in {str(service.pk) for service in desk.services}:
        return asked
    suits = [
        (service.prepare_minutes, service.name, str(service.pk))
        for service in desk.services
        if service.is_treatment and (not service.indications.all() or codes <= _codes(service))
    ]
    return min(suits)[2] if suits else ""


def _codes(service: Service) -> set[str]:
    return {indication.code for indication in service.indications.all()}


def without_hours(desk: Desk, initial: dict[str, Any]) -> dict[str, Any]:
    """A clinic that has not said when anybody works types the time: the usual room and the first day of the window."""
    last = slots.last_visit(desk.patient, before=timezone.now())
    rooms = [room.pk for room in desk.rooms]
    people = [each.pk for each in desk.practitioners]
    wanted = {*initial["indications"], *initial["others"]}
    opens = [c.due_from for c in desk.own if c.indication.code in wanted and c.due_from]
    return {
        "room": last.room if last and last.room in rooms else rooms[0] if len(rooms) == 1 else None,
        "practitioner": initial["practitioner"] or (people[0] if len(people) == 1 else None),
        "on": initial["on"] or (max([desk.on, *opens]).isoformat() if opens else ""),
    }


def _day(asked: str) -> str:
    try:
        return date.fromisoformat(asked).isoformat()
    except ValueError:
        return ""


def as_data(initial: dict[str, Any]) -> QueryDict:
    """What the form starts with, as if it had been posted, so that the panel speaks from the start."""
    data = QueryDict(mutable=True)
    for name, value in initial.items():
        data.setlist(name, [str(v) for v in value] if isinstance(value, list) else [str(value)] if value else [])
    return data
