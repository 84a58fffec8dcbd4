"""The parts of a course's panel that people change: what was said of the effect, what it teaches, a window set by hand."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from clinic.formats import day
from treatments.models import Course, CourseTreatment
from treatments.queries.due import Row
from treatments.queries.patient_record import GivenHere, PatientRecord, TreatmentRow
from treatments.queries.staff import staff_names
from treatments.rules import windows
from treatments.rules.cycles import FEWEST, LeftOut
from treatments.rules.facts import RuleBook
from treatments.rules.vocabulary import CourseDuration, LearnedDuration, ScheduleKind, TreatmentKind
from treatments.rules.windows import Ruling
from treatments.views.duration_picture import duration_picture

LEFT_OUT = {
    LeftOut.SUB_STANDARD: gettext_lazy("sub-standard dose"),
    LeftOut.TOUCH_UP: gettext_lazy("touch-up in between"),
    LeftOut.OTHER_PRODUCT: gettext_lazy("another kind of product"),
    LeftOut.DOUBTFUL: gettext_lazy("doubtful date"),
    LeftOut.TELLS_NOTHING: gettext_lazy("says too little"),
}


# ---- what was said of the effect ----


def effect_of(course: Course, record: PatientRecord, *, on: date) -> dict[str, Any] | None:
    """The latest full treatment of a course, of whose effect somebody may speak; None before the first."""
    for row in record.treatments:
        for given in row.courses:
            if given.course_id == course.pk and _counts(row, on):
                return {
                    "note_url": reverse("effect_note", args=[record.patient.public_id, given.indication]),
                    "edit_url": reverse("effect", args=[row.public_id, given.indication]),
                    "treated": day(row.performed_on),
                    "first": row.performed_on.isoformat(),
                    "today": on.isoformat(),
                    "said": said_line(given, row),
                }
    return None


def _counts(row: TreatmentRow, on: date) -> bool:
    return row.voided_at is None and row.kind == TreatmentKind.FULL and row.performed_on <= on


def said_line(given: GivenHere, row: TreatmentRow) -> str:
    """Effect gone on 18-Jun-2026, after 14 weeks."""
    return _in_words(given, row.performed_on)


def effect_said(given: CourseTreatment) -> str:
    """The same for the record of one treatment."""
    return _in_words(given, given.treatment.performed_on)


def _in_words(given: GivenHere | CourseTreatment, treated_on: date) -> str:
    sentences = (
        (_("Effect gone on %(day)s, after %(weeks)s."), given.worn_off_on),
        (_("Still working on %(day)s, after %(weeks)s."), given.still_working_on),
        (_("Gone when seen on %(day)s, after %(weeks)s."), given.seen_gone_on),
    )
    return " ".join(
        sentence % {"day": day(value), "weeks": in_weeks((value - treated_on).days)}
        for sentence, value in sentences
        if value
    )


def in_weeks(days: int) -> str:
    weeks = round(days / 7)
    return ngettext("%(weeks)d week", "%(weeks)d weeks", weeks) % {"weeks": weeks}


# ---- a window set by hand ----


def set_by_hand(course: Course, names: dict[str, str]) -> dict[str, str] | None:
    """Due 20-Aug-2026 to 03-Sep-2026, set by R. Osei on 02-Jul-2026: holiday. Computed: 02-Aug-2026 to 01-Sep-2026."""
    if not course.is_set_by_hand or course.set_at is None:
        return None
    said = {
        "who": names.get(course.set_by, course.set_by),
        "day": day(course.set_at),
        "reason": course.set_reason,
        "from": day(course.computed_from),
        "until": day(course.computed_until),
    }
    sentence = _("Set by %(who)s on %(day)s: %(reason)s. Computed: %(from)s to %(until)s.")
    return {"sentence": sentence % said}


def names_of(courses: list[Course]) -> dict[str, str]:
    """Who set a window by hand; no query where nobody did."""
    who = {course.set_by for course in courses if course.is_set_by_hand}
    return staff_names(who) if who else {}


# ---- what the effect teaches ----


def personal_range(course: Course | Row, book: RuleBook) -> tuple[date, date, date] | None:
    """From when to when, and on what day most likely, the running effect goes; None where nothing is shown."""
    if not (_shown(course, book) and course.last_effective_on and course.learned.get("n", 0) >= FEWEST):
        return None
    low, best, high = (course.last_effective_on + timedelta(days=n) for n in course.learned["days"][1:4])
    return low, best, high


def _shown(course: Course | Row, book: RuleBook) -> bool:
    """False where the clinic or this course has it off."""
    return book.learned_duration != LearnedDuration.OFF and course.duration_mode != CourseDuration.OFF


def learned_of(course: Course, book: RuleBook) -> dict[str, Any] | None:
    """Estimate, picture and table; a sentence alone where too few cycles are known; None where nothing is shown."""
    learned = course.learned
    if not _shown(course, book):
        return None
    if not learned:
        return {"sentence": "", "rules": _rules(course, book), "picture": None} if _decided(course) else None
    left_out = [
        _("%(day)s (%(why)s)") % {"day": day(date.fromisoformat(on)), "why": LEFT_OUT[LeftOut(why)]}
        for on, why in learned["left_out"]
    ]
    found: dict[str, Any] = {
        "left_out": ", ".join(left_out),
        "rules": _rules(course, book),
        "gap": "",
        "picture": None,
        "table": [],
    }
    if learned["n"] < FEWEST:
        words = ngettext(
            "%(n)d cycle is noted. An estimate is shown from two on.",
            "%(n)d cycles are noted. An estimate is shown from two on.",
            learned["n"],
        )
        return found | {"sentence": words % {"n": learned["n"]}}
    sentence = _estimate(learned)
    return found | {
        "sentence": sentence,
        "gap": _gap(course, book),
        "picture": duration_picture(
            [(low, high) for _on, low, high in learned["cycles"]],
            learned["days"],
            (learned["usual"][0], learned["usual"][1]),
            name=course.indication.short_name,
            ref=course.indication.code.replace("_", "-"),
            sentence=sentence,
        ),
        "table": _table(learned),
        "basis": _basis(course, learned, book),
    }


def _decided(course: Course) -> bool:
    return course.duration_mode == CourseDuration.PINNED


def _estimate(learned: dict[str, Any]) -> str:
    """About 14 weeks, 13 to 16, from 4 cycles (2 seen to the end). Usual here 13 to 17."""
    weeks = [round(days / 7) for days in (*learned["days"], *learned["usual"])]
    said = {
        "best": weeks[2],
        "low": weeks[1],
        "high": weeks[3],
        "n": learned["n"],
        "exact": learned["n_exact"],
        "usual_low": weeks[5],
        "usual_high": weeks[6],
    }
    return (
        _(
            "About %(best)d weeks, %(low)d to %(high)d, from %(n)d cycles (%(exact)d seen to the end). "
            "Usual here %(usual_low)d to %(usual_high)d."
        )
        % said
    )


def _rules(course: Course, book: RuleBook) -> str:
    """Whether the estimate sets the window."""
    ruling = windows.ruling(
        by_hand=course.is_set_by_hand,
        effective=course.last_effective_on is not None,
        n_cycles=course.learned.get("n", 0),
        duration=CourseDuration(course.duration_mode),
        indication=course.indication.code,
        book=book,
    )
    if ruling == Ruling.BY_HAND:
        return _("The window set by hand holds; this stands beside it.")
    if ruling == Ruling.PINNED:
        said = {"low": course.pinned_low_days, "high": course.pinned_high_days}
        return _("Pinned for this course: the window opens on day %(low)d and closes on day %(high)d.") % said
    if book.indications[course.indication.code].schedule.kind != ScheduleKind.WINDOW:
        return _("The schedule is fixed and not moved by it.")
    if ruling == Ruling.LEARNED:
        return _("It sets the window.")
    return _("The usual window holds; this stands beside it.")


def _gap(course: Course, book: RuleBook) -> str:
    """What to say where the effect usually goes before the next treatment is possible."""
    ends = personal_range(course, book)
    if ends is None or ends[1] >= course.earliest_on:
        return ""
    left = (course.earliest_on - ends[1]).days
    sentence = ngettext(
        "The effect is likely to go %(left)d day before the earliest day. Ask a prescriber about dose or product.",
        "The effect is likely to go %(left)d days before the earliest day. Ask a prescriber about dose or product.",
        left,
    )
    return sentence % {"left": left}


def _table(learned: dict[str, Any]) -> list[tuple[str, str]]:
    rows = [(day(date.fromisoformat(on)), _cycle(low, high)) for on, low, high in learned["cycles"]]
    at_10, at_25, at_50, at_75, at_90 = learned["days"]
    return [
        *rows,
        (_("Next effect, half of cases"), _("day %(low)d to %(high)d") % {"low": at_25, "high": at_75}),
        (_("Next effect, 8 of 10 cases"), _("day %(low)d to %(high)d") % {"low": at_10, "high": at_90}),
        (_("Middle"), _("day %(day)d") % {"day": at_50}),
        (_("Usual here"), _("day %(low)d to %(high)d") % {"low": learned["usual"][0], "high": learned["usual"][1]}),
    ]


def _cycle(low: int, high: int | None) -> str:
    if high is None:
        return _("still working on day %(day)d") % {"day": low}
    if low == high:
        return _("gone on day %(day)d") % {"day": low}
    if low == 0:
        return _("gone when seen on day %(day)d") % {"day": high}
    return _("gone between day %(low)d and %(high)d") % {"low": low, "high": high}


def _basis(course: Course, learned: dict[str, Any], book: RuleBook) -> str:
    """What the estimate rests on beside the patient's own cycles."""
    rule = book.durations.get((course.indication.code, learned["family"]))
    if rule is None:
        return ""
    how = _("several published figures") if rule.fair else _("one figure, or an assumption")
    said = {"median": in_weeks(round(rule.prior.median_days)), "how": how, "source": rule.source}
    return _("Drawn towards %(median)s (%(how)s: %(source)s) and towards the usual window.") % said
