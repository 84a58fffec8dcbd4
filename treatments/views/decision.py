"""Beside the form of a visit: where the chosen day lies, what the gate says of it, who is taken, and what can be done."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.formats import clock, day, long_day
from treatments.forms.times import TimeForm
from treatments.models import Appointment, Course, Indication, Patient, Product, Service
from treatments.queries import plans, slots, visits
from treatments.rules.facts import Facts, RuleBook
from treatments.rules.findings import (
    Finding,
    cautions,
    first_clear_day,
    hard_stops,
    in_order,
    soft_stops,
    stops,
    verdict_state,
)
from treatments.rules.review import review, review_without_treatment
from treatments.rules.vocabulary import Band, VerdictState
from treatments.services import courses, diary
from treatments.services.diary import Booking
from treatments.views.due_bar import Dates, DueBar, due_bar
from treatments.views.verdicts import Verdict, verdict
from treatments.views.visit_forms import person


@dataclass(frozen=True)
class Question:
    """What is asked about: a visit that is being booked (or moved: `visit`), as far as it is known.

    `own`: the patient's courses, with their indications.
    """

    patient: Patient
    indications: tuple[Indication, ...]
    product: Product | None
    form: TimeForm
    own: Sequence[Course]
    service: Service | None = None
    visit: Appointment | None = None

    @property
    def is_treatment(self) -> bool:
        return self.service is None or self.service.is_treatment

    @property
    def courses(self) -> list[Course]:
        """One for each indication; those that the patient has not had yet are not saved."""
        known = {course.indication_id: course for course in self.own}
        return [known.get(each.pk) or Course(patient=self.patient, indication=each) for each in self.indications]

    def booking(self) -> Booking | None:
        """The booking, once everything about it is known."""
        said = self.form.cleaned_data
        starts_at, minutes = self.form.starts_at, said.get("minutes")
        if starts_at is None or not minutes or not said.get("practitioner") or not said.get("room"):
            return None
        return Booking(
            patient=self.patient,
            indications=self.indications,
            practitioner=said["practitioner"],
            room=said["room"],
            starts_at=starts_at,
            minutes=minutes,
            product=self.product,
            note=said.get("note", ""),
            service=self.service,
        )


@dataclass(frozen=True)
class Decision:
    """What booking/_decision.html shows. `verdict` is None until a day and an indication are chosen."""

    verdict: Verdict | None = None
    strips: list[DueBar] = field(default_factory=list)
    taken: list[tuple[str, str]] = field(default_factory=list)
    clashes: list[str] = field(default_factory=list)
    chosen: str = ""
    held: str = ""
    ways: list[tuple[str, str]] = field(default_factory=list)
    reviews: list[str] = field(default_factory=list)
    consultations: list[Service] = field(default_factory=list)
    state: str = "open"  # open, book, pending, soft, hard
    clear_on: date | None = None
    caution_key: str = ""
    acknowledged: bool = False
    may_override: bool = False


def read_key(found: Iterable[Finding]) -> str:
    """Which cautions a tick is about: it counts for these and no others."""
    return ",".join(courses.key(f) for f in cautions(found))


def decide(
    question: Question, frame: dict[str, Any], request: HttpRequest, *, has_hours: bool | None = None
) -> Decision:
    """The panel for what has been chosen so far. `has_hours`: where the page has read them already."""
    said, on = question.form.cleaned_data, frame["on"]
    chosen_on = said.get("on")
    booking = question.booking()
    shared: dict[str, Any] = {
        "strips": strips(question, chosen_on, on) if chosen_on else [],
        "taken": _taken(question) if chosen_on and _is_typed(question, has_hours) else [],
        "chosen": told(booking) if booking else "",
        "held": _held(question, booking, person(request).username) if booking else "",
        "clashes": [f.sentence for f in diary.clashes(booking, but=question.visit)] if booking else [],
    }
    if not chosen_on or (question.is_treatment and not question.indications):
        return Decision(**shared)
    found = findings(question, frame, booking=booking)
    state = _state(found)
    return Decision(
        verdict=verdict(found, on=chosen_on),
        state=state,
        clear_on=first_clear_day(found) if stops(found) else None,
        ways=ways(found, frame["facts"], frame["book"], question.patient),
        reviews=_reviews(found, frame["facts"], frame["book"]),
        consultations=_consultations(question) if state in ("hard", "soft") else [],
        caution_key=read_key(found),
        acknowledged=bool(read_key(found)) and request.POST.get("acknowledged") == read_key(found),
        may_override=person(request).is_prescriber,
        **shared,
    )


def findings(question: Question, frame: dict[str, Any], *, booking: Booking | None) -> list[Finding]:
    """What the gate says of the chosen day, and the diary of the hour; the same as the save's."""
    visit_on = question.form.cleaned_data["on"]
    if question.is_treatment:
        plan = plans.of_courses(question.courses, product=question.product.code if question.product else "")
        found = review(plan, frame["facts"], frame["book"], on=visit_on)
    else:
        found = review_without_treatment(frame["facts"], on=visit_on)
    return in_order([*found, *diary.hours_findings(booking)]) if booking else found


def told(booking: Booking) -> str:
    """Tuesday 14-Jul-2026, 10:00 to 10:30, R. Osei, Room 1."""
    said = {"day": long_day(booking.on), "from": clock(booking.starts_at), "to": clock(booking.ends_at)}
    said |= {"who": booking.practitioner.name, "room": booking.room.name}
    return _("%(day)s, %(from)s to %(to)s, %(who)s, %(room)s") % said


def _held(question: Question, booking: Booking, username: str) -> str:
    """Until when the chosen time is kept for the person at the form."""
    hold = slots.hold_of(question.patient, by=username, at=timezone.now())
    if hold is None or (hold.starts_at, hold.practitioner_id) != (booking.starts_at, booking.practitioner.pk):
        return ""
    said = {"time": clock(hold.starts_at), "until": clock(hold.until)}
    return _("%(time)s is held for you until %(until)s.") % said


def _reviews(found: Sequence[Finding], facts: Facts, book: RuleBook) -> list[str]:
    """When the flags that stop the visit are looked at again."""
    stopping = {f.about for f in stops(found)}
    return [
        _("%(flag)s: to be asked again on %(day)s.")
        % {"flag": book.contraindications[flag.kind].short_name, "day": day(flag.review_on)}
        for flag in facts.flags
        if flag.ref in stopping and flag.review_on
    ]


def _consultations(question: Question) -> list[Service]:
    """The kinds of visit at which nothing is injected: they can be booked whatever stands against a treatment."""
    return [each for each in getattr(question.form, "services", ()) if not each.is_treatment]


def _state(found: list[Finding]) -> str:
    if hard_stops(found):
        return "hard"
    if soft_stops(found):
        return "soft"
    return "pending" if verdict_state(found) == VerdictState.CANNOT_TELL else "book"


def ways(found: Sequence[Finding], facts: Facts, book: RuleBook, patient: Patient) -> list[tuple[str, str]]:
    """What can be done about a stop: its flag is corrected or ended, or the questions are asked. Nothing else."""
    kinds = {flag.ref: flag.kind for flag in facts.flags if flag.ref}
    refs = list(dict.fromkeys(f.about for f in stops(found) if f.about in kinds))
    raised = visits.raised(refs)
    links = [
        (
            _("End or correct the flag: %(label)s, raised by %(who)s on %(day)s")
            % {
                "label": book.contraindications[kinds[ref]].short_name,
                "who": raised[ref][0],
                "day": day(timezone.localtime(raised[ref][1]).date()),
            },
            reverse("flag", args=[ref]),
        )
        for ref in refs
    ]
    if links or any(f.unknown for f in found):
        links.append((_("Ask the safety questions"), reverse("safety", args=[patient.public_id])))
    return links


def strips(question: Question, chosen_on: date, on: date) -> list[DueBar]:
    """The chosen courses that have been treated, with the chosen day: one picture for those with the same dates."""
    wanted = {indication.pk for indication in question.indications}
    alike: dict[tuple[date | None, ...], list[Course]] = {}
    for course in sorted(question.own, key=lambda each: each.pk):
        if course.indication_id in wanted and course.last_treated_on:
            alike.setdefault(tuple(getattr(course, name) for name in Dates._fields), []).append(course)
    return [_strip(same, chosen_on, on) for same in alike.values()]


def _strip(same: list[Course], chosen_on: date, on: date) -> DueBar:
    course, name = same[0], ", ".join(course.indication.short_name for course in same)
    # The band only words the sentence, and here the sentence is about the chosen day.
    bar = due_bar(
        course,  # type: ignore[arg-type]
        on=on,
        band=Band.POSSIBLE,
        name=name,
        ref=course.indication.code.replace("_", "-"),
        size="panel",
        booked_on=chosen_on,
    )
    return replace(bar, sentence=f"{name}: {where(course, chosen_on)}", table=[])


def where(course: Course, chosen_on: date) -> str:
    """Where a day lies in the window of a course, in words."""
    if course.due_from is None or course.due_until is None or course.lapsed_from is None:
        return _("no window yet, this is the first treatment.")
    said = {
        "from": day(course.due_from),
        "until": day(course.due_until),
        "day": day(chosen_on),
        "earliest": day(course.earliest_on),
        "before": (course.due_from - chosen_on).days,
        "late": (chosen_on - course.due_until).days,
    }
    if chosen_on < course.earliest_on:
        place = _("%(day)s is too soon, the earliest day is %(earliest)s.")
    elif chosen_on < course.due_from:
        place = _("%(day)s is %(before)d days before it.")
    elif chosen_on <= course.due_until:
        place = _("%(day)s is in the window.")
    elif chosen_on < course.lapsed_from:
        place = _("%(day)s is %(late)d days late.")
    else:
        place = _("%(day)s is after the course has lapsed, a new consultation is needed.")
    return " ".join((_("window %(from)s to %(until)s."), place)) % said


def _is_typed(question: Question, has_hours: bool | None) -> bool:
    """True where the time is typed rather than chosen from those offered, which say by themselves who is taken."""
    form = question.form
    if form.offered or form.cleaned_data.get("starts"):
        return not form.offered
    return not (slots.any_hours() if has_hours is None else has_hours)


def _taken(question: Question) -> list[tuple[str, str]]:
    """Who is taken at which times of the chosen day."""
    said = question.form.cleaned_data
    rows = visits.taken(
        said["on"],
        patient=question.patient,
        practitioner=said.get("practitioner"),
        room=said.get("room"),
        but=question.visit,
    )
    lines = []
    for name, who in (
        ("practitioner", said.get("practitioner")),
        ("room", said.get("room")),
        ("patient", _("This patient")),
    ):
        times = ", ".join(f"{clock(row.starts_at)}–{clock(row.ends_at)}" for row in rows if name in row.of)
        if who and (times or name != "patient"):
            lines.append((str(who), times or _("free all day")))
    return lines
