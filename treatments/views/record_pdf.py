"""A patient's record for a referral letter: who, what bears on safety, what was given, when next and why, what was seen."""

from __future__ import annotations

from datetime import date

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from clinic import audit
from clinic.formats import day
from clinic.permissions import needs
from treatments.models import Course
from treatments.models.patients import list_name
from treatments.models.treatments import KIND_LABELS, SIDE_LABELS
from treatments.queries import patient_record
from treatments.queries.patient_record import GivenHere, PatientRecord, TreatmentRow
from treatments.rules.doses import units as in_words
from treatments.rules.facts import AnswerFact
from treatments.rules.periods import age_on
from treatments.rules.vocabulary import Side
from treatments.views.flag_lines import by_state
from treatments.views.frames import patient_of
from treatments.views.paper import Column, Paper
from treatments.views.patient_page import ABOUT
from treatments.views.patient_rows import BAND_LABELS
from treatments.views.rows import national
from treatments.views.safety import ANSWER_LABELS, ordered


@require_safe
@needs("treatments.view_patient", "treatments.add_treatment")
def record_pdf(request: HttpRequest, public_id: str) -> HttpResponse:
    """For those who may see doses; that it was taken away is kept in the audit trail."""
    at = timezone.now()
    on = timezone.localtime(at).date()
    record = patient_record.of(patient_of(public_id).public_id, on=on)
    if record is None:
        raise Http404
    paper = Paper(clinic=settings.CLINIC_NAME, title=_("Record of a patient"), by=str(request.user), at=at)
    _who(paper, record, on)
    _safety(paper, record, on)
    _given(paper, record)
    _observed(paper, record)
    for course in record.courses:
        _next(paper, course, record, on)
    _signature(paper)
    patient = record.patient
    audit.record(
        "patient.exported",
        patient,
        by=request.user.get_username(),
        at=at,
        patient=patient.public_id,
        details={"format": "pdf"},
    )
    answer = HttpResponse(paper.bytes_of(), content_type="application/pdf")
    answer["Content-Disposition"] = f'attachment; filename="record-{patient.public_id}-{on.isoformat()}.pdf"'
    return answer


def _who(paper: Paper, record: PatientRecord, on: date) -> None:
    patient = record.patient
    name = list_name(patient.family_name, patient.given_name)
    paper.heading(f"{name} ({patient.title})" if patient.title else name)
    where = ", ".join(part for part in (patient.address, patient.city, patient.postcode) if part)
    born = _("%(day)s, %(years)d years") % {"day": day(patient.born_on), "years": age_on(patient.born_on, on)}
    signed = _("not on record")
    if record.consent.holds:
        signed = _("signed %(day)s") % {"day": day(record.consent.signed_on)}
    paper.pairs(
        (label, value)
        for label, value in (
            (_("Patient number"), patient.public_id),
            (_("Born"), born),
            (_("Died"), day(patient.died_on)),
            (_("Gender"), str(patient.get_sex_display()) if patient.sex else ""),
            (_("Telephone"), national(patient.phone) if patient.phone else ""),
            (_("E-mail"), patient.email),
            (_("Address"), where),
            (_("Consent to treatment"), signed),
            (_("As of"), day(on)),
        )
        if value
    )  # fmt: skip


# ---- safety ----


def _safety(paper: Paper, record: PatientRecord, on: date) -> None:
    paper.section(_("What bears on safety"))
    flags = by_state([flag for flag in record.flags if not flag.in_error], record.book, on=on)
    rows = [_flag(line, _("holds")) for line in flags["active"]] + [_flag(line, _("ended")) for line in flags["ended"]]
    if rows:
        columns = [
            Column(_("Fact"), 46), Column(_("Effect"), 38), Column(_("Since"), 24), Column(_("Until"), 24),
            Column(_("State"), 16), Column(_("Source and note"), 38),
        ]  # fmt: skip
        paper.table_of(columns, rows, bold=(0,))
    else:
        paper.paragraph(_("No fact that bears on safety is on record."))
    paper.section(_("Answers to the safety questions"))
    latest: dict[str, AnswerFact] = {}
    for answer in record.facts.answers:
        known = latest.get(answer.kind)
        if known is None or answer.answered_on >= known.answered_on:
            latest[answer.kind] = answer
    columns = [Column(_("Question"), 128), Column(_("Answer"), 24), Column(_("Asked"), 34)]
    paper.table_of(columns, [_answer(code, latest.get(code), record, on) for code in ordered(record.book)], bold=(1,))


def _flag(line: dict, state: str) -> list[str]:
    said = ". ".join(part for part in (str(line["source"]), str(line["note"])) if part)
    return [str(line["label"]), str(line["effect"]), line["since"], line["until"] or line["review"], state, said]


def _answer(code: str, answer: AnswerFact | None, record: PatientRecord, on: date) -> list[str]:
    question = record.book.contraindications[code].question
    if answer is None:
        return [question, _("not asked"), ""]
    old = (on - answer.answered_on).days > record.book.answers_valid_days
    asked = day(answer.answered_on)
    return [question, str(ANSWER_LABELS[answer.answer]), f"{asked}, {_('out of date')}" if old else asked]


# ---- what was given ----


def _given(paper: Paper, record: PatientRecord) -> None:
    paper.section(_("Treatments, latest first"))
    if not record.treatments:
        paper.paragraph(_("No treatment is on record."))
        return
    columns = [
        Column(_("Day"), 24), Column(_("Product and lot"), 36), Column(_("For"), 34), Column(_("Units"), 14),
        Column(_("Sites"), 52), Column(_("Injector"), 26),
    ]  # fmt: skip
    rows = [line for row in record.treatments for line in _treatment(row)]
    paper.table_of(columns, rows, bold=(0, 3))


def _treatment(row: TreatmentRow) -> list[list[str]]:
    """One line for each course; the first one says the day and the product too."""
    on = day(row.performed_on)
    if row.not_before_on and row.not_before_on != row.performed_on:
        on = f"{day(row.not_before_on)} – {on}"
    marks = [str(KIND_LABELS[row.kind])]
    marks += [_("elsewhere")] if row.elsewhere else []
    marks += [_("sub-standard dose")] if row.sub_standard else []
    marks += [_("VOIDED: %(why)s") % {"why": row.void_reason}] if row.voided_at else []
    marks += [_("given all the same: %(why)s") % {"why": row.incident_reason}] if row.incident_reason else []
    product = "\n".join(part for part in (row.brand or _("not known"), row.lot_number) if part)
    lines = []
    for place, course in enumerate(row.courses):
        first = place == 0
        lines.append([
            f"{on}\n{', '.join(marks)}" if first else "", product if first else "", course.name,
            in_words(course.units) if course.units else "", _sites(course), row.injector if first else "",
        ])  # fmt: skip
    return lines


def _sites(course: GivenHere) -> str:
    parts = []
    for site, side, units in course.sites:
        where = f"{site} {str(SIDE_LABELS[Side(side)]).lower()}" if side else site
        parts.append(f"{where} {in_words(units)}")
    return ", ".join(parts)


def _observed(paper: Paper, record: PatientRecord) -> None:
    rows = [
        [day(row.performed_on), course.name, ", ".join(said)]
        for row in record.treatments
        if not row.voided_at
        for course in row.courses
        if (said := _said(course))
    ]
    if rows:
        paper.section(_("What was said or seen of the effect"))
        paper.table_of([Column(_("Treated"), 28), Column(_("For"), 50), Column(_("Observation"), 108)], rows)


def _said(course: GivenHere) -> list[str]:
    told = (
        (_("gone on %(day)s"), course.worn_off_on),
        (_("still working on %(day)s"), course.still_working_on),
        (_("seen gone on %(day)s"), course.seen_gone_on),
    )
    return [words % {"day": day(on)} for words, on in told if on]


# ---- when next, and why ----


def _next(paper: Paper, course: Course, record: PatientRecord, on: date) -> None:
    paper.section(_("Next, %(name)s: %(band)s") % {
        "name": course.indication.name, "band": str(BAND_LABELS[record.band(course, on)]).lower()
    })  # fmt: skip
    dates = [(label, getattr(course, name)) for name, label in ABOUT.items()]
    paper.pairs((str(label), day(value)) for label, value in dates if value)
    if course.stopped_on:
        stopped = _("Stopped %(day)s: %(why)s") % {"day": day(course.stopped_on), "why": course.stopped_reason}
        paper.paragraph(stopped, bold=True)
    if course.doubt:
        paper.paragraph(course.doubt, bold=True)
    columns = [Column(_("Date"), 24), Column(_("Day"), 24), Column(_("Reason"), 58), Column(_("Source"), 80)]
    rows = [
        [str(ABOUT[row["about"]]), day(date.fromisoformat(row["day"])),
         f"{row['sentence']}{' · ' + _('decides') if row['decided'] else ''}",
         row["source"] if row["verified"] else f"{row['source']} ({_('not yet verified')})"]
        for row in course.reasons
    ]  # fmt: skip
    if rows:
        paper.ln(1)
        paper.table_of(columns, rows)


def _signature(paper: Paper) -> None:
    paper.section(_("Signature"))
    paper.ln(10)
    paper.pairs([(_("Name, signature, date"), "_" * 60)])
