"""Reminding people who are due: what would go out, and the run that sends it.

Nothing is queued ahead. Each patient is decided in the transaction that claims the message, from the facts of that
moment; the preview asks the same rule of the same facts.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic import audit
from treatments.models import Appointment, Message, MessageText, Patient, Reminder, ReminderRun
from treatments.models.fields import new_long_id
from treatments.queries import reminders as find
from treatments.queries.reminders import REMINDER, Plans
from treatments.rules import reminders as rules
from treatments.rules.quiet_hours import quiet_ends
from treatments.rules.reminders import Bucket, Decision, Letter
from treatments.rules.vocabulary import MessageState
from treatments.services import last_message, outbox, visit_messages, wording
from treatments.services.acts import act
from treatments.services.outbox import Claimed, Watch

log = logging.getLogger(__name__)
CHUNK = 300
LEFT, TOMORROW, ERRORS = "left", "tomorrow", "errors"  # in a run's counts, beside the buckets


@dataclass(frozen=True, slots=True)
class Decided:
    """A patient with the decision on each due course."""

    patient: int
    decisions: tuple[Decision, ...]


class Busy(Exception):
    """Somebody else holds the patient at this moment."""


def preview(*, on: date, at: datetime) -> Iterator[Decided]:
    """Every patient with a due course, decided for a day at this time of the clock. Nothing is written."""
    plans, clock = find.plans(), timezone.localtime(at).time()
    today = timezone.localtime(at).date()
    for chunk in _chunks(find.due_patients(on, plans, today=today)):
        for patient, facts in find.facts_of(chunk, on=on, today=today, plans=plans).items():
            yield Decided(patient, rules.decide(facts, on=on, clock=clock))


def balance(*, on: date, at: datetime) -> dict[str, int]:
    """How many due courses are in each bucket. What should have gone and has not is left for the next run."""
    counts = rules.balance(d for decided in preview(on=on, at=at) for d in decided.decisions)
    left = counts.pop(Bucket.TO_SEND)
    counts[Bucket.WAITING.value] += left
    return {**counts, LEFT: left}


def run(*, on: date, at: datetime, by: str) -> ReminderRun:
    """Send what is due on a day, then say what became of every due course. Any number of these may run at once."""
    return carry_out(begin(on=on, at=at, by=by), at=at)


@act
def begin(*, on: date, at: datetime, by: str) -> ReminderRun:
    """A run that has sent nothing yet."""
    row = ReminderRun.objects.create(on=on, by=by, started_at=at)
    audit.record("reminders.started", row, by=by, at=at, details={"on": on.isoformat()})
    return row


def carry_out(row: ReminderRun, *, at: datetime, within: timedelta | None = None) -> ReminderRun:
    """Send, outside of any transaction. `within`: how long somebody waits for it; the rest is left for the next run."""
    watch, worker = Watch(at), outbox.worker_name()
    until = at + within if within else None
    outbox.give_up_stale(at=at)
    errors = _remind(row, watch, worker, until)
    told, failed = _tell_of_tomorrow(row, watch, worker, until)
    row.counts = {**balance(on=row.on, at=watch.now()), TOMORROW: told, ERRORS: errors + failed}
    row.finished_at = watch.now()
    row.save(update_fields=["counts", "finished_at"])
    return row


def _remind(row: ReminderRun, watch: Watch, worker: str, until: datetime | None) -> int:
    """Go through the due patients, from a place of our own: runs at the same time meet only once. The number of errors."""
    plans = find.plans()
    today = timezone.localtime(watch.now()).date()
    chunks = list(_chunks(find.due_patients(row.on, plans, today=today)))
    turn = random.randrange(len(chunks)) if chunks else 0
    errors, busy = 0, []
    for chunk in chunks[turn:] + chunks[:turn]:
        plans = find.plans()  # as the clinic has them now
        for patient in _to_write_to(chunk, row.on, plans, watch):
            if until and watch.now() >= until:
                return errors
            try:
                _one(patient, row, plans, watch, worker, wait=False)
            except Busy:
                busy.append(patient)
            except Exception:  # one patient never ends the run
                log.exception("The reminder of patient row %s failed.", patient)
                errors += 1
    for patient in busy:
        try:
            _one(patient, row, plans, watch, worker, wait=True)
        except Exception:
            log.exception("The reminder of patient row %s failed.", patient)
            errors += 1
    return errors


def _to_write_to(chunk: list[int], on: date, plans: Plans, watch: Watch) -> list[int]:
    """Those of a chunk who would be written to as things stand; each is decided once more when it is claimed."""
    at = watch.now()
    shown = timezone.localtime(at)
    facts = find.facts_of(chunk, on=on, today=shown.date(), plans=plans)
    return [pk for pk, one in facts.items() if rules.letter(rules.decide(one, on=on, clock=shown.time()))]


def _one(patient: int, row: ReminderRun, plans: Plans, watch: Watch, worker: str, *, wait: bool) -> None:
    claimed = _claim(patient, row, plans, at=watch.now(), worker=worker, wait=wait)
    if claimed:
        outbox.deliver(claimed, watch=watch)


@act
def _claim(pk: int, row: ReminderRun, plans: Plans, *, at: datetime, worker: str, wait: bool) -> Claimed | None:
    """Decide on one patient and take the message, in one transaction. `Busy` where somebody holds the patient."""
    patient = outbox.locked(pk, wait=wait)
    if patient is None:
        raise Busy
    shown = timezone.localtime(at)
    facts = find.facts_of([pk], on=row.on, today=shown.date(), plans=plans).get(pk)
    letter = rules.letter(rules.decide(facts, on=row.on, clock=shown.time())) if facts else None
    if letter is None:
        return None
    text = MessageText.objects.get(code=letter.step.text)
    words = wording.of_reminder(text, patient, way=letter.way, due_from=letter.about.due_from, at=at)
    message = Message.objects.create(
        public_id=new_long_id(),
        key=_key(letter),
        kind=REMINDER,
        patient=patient,
        text_code=text.code,
        channel=letter.way,
        address=wording.address_of(patient, letter.way),
        subject=words.subject,
        body=words.body,
        state=MessageState.CLAIMED.value,
        run=row,
        made_by=row.by,
        made_at=at,
        not_before_at=at,
        too_late_at=at + outbox.KEPT,
        attempts=1,
        claimed_by=worker,
        claimed_at=at,
    )
    _keep_steps(message, letter, plans)
    return Claimed(message, words.stop_url)


def _key(letter: Letter) -> str:
    return f"{REMINDER}:{letter.about.ref}:{letter.about.cycle_on}:{letter.step.code}:{letter.way}"


def _keep_steps(message: Message, letter: Letter, plans: Plans) -> None:
    Reminder.objects.bulk_create(
        Reminder(
            course_id=course.ref,
            cycle_on=course.cycle_on,
            step_id=plans.steps[(course.plan.code, step.code)],
            message=message,
        )
        for course, step in letter.courses
    )


# ---- tried again ----


def settle(message: Message, *, at: datetime) -> Claimed | None:
    """A claimed reminder that is tried again: only if it would be sent now, too. The patient is held by the caller."""
    plans, shown = find.plans(), timezone.localtime(at)
    today = shown.date()
    facts = find.facts_of([message.patient_id], on=today, today=today, plans=plans, but=message.pk)
    rows = message.reminders.filter(refused=False).select_related("step")
    mine = {(row.course_id, row.cycle_on, row.step.code): row for row in rows}
    about = facts.get(message.patient_id)
    if about and message.run_id is None:
        about = last_message.asked(about, {row.course_id for row in rows})
    decided = rules.decide(about, on=today, clock=shown.time()) if about else ()
    of_message = [d for d in decided if d.step and (d.course.ref, d.course.cycle_on, d.step.code) in mine]
    if until := _quiet_until(of_message, at):
        outbox.postpone(message, until=until)
        return None
    letter = rules.letter(of_message)
    if letter is None or not _same_way(message, letter):
        outbox.drop(message, why=_("No longer to be sent when its time came."))
        return None
    if not outbox.may_have_arrived(message):
        kept = {(course.ref, course.cycle_on) for course, _step in letter.courses}
        gone = [row.pk for (course, cycle_on, _step), row in mine.items() if (course, cycle_on) not in kept]
        Reminder.objects.filter(pk__in=gone).delete()
        message.key = _key(letter)  # what it no longer speaks of has its own message later
    text = MessageText.objects.get(code=letter.step.text)
    words = wording.of_reminder(text, message.patient, way=letter.way, due_from=letter.about.due_from, at=at)
    message.text_code, message.subject, message.body = text.code, words.subject, words.body
    message.save(update_fields=["key", "text_code", "subject", "body"])
    return Claimed(message, words.stop_url)


def _quiet_until(decisions: list[Decision], at: datetime) -> datetime | None:
    quiet = [d.course.plan for d in decisions if d.bucket == Bucket.QUIET_HOURS]
    if not quiet:
        return None
    return quiet_ends(at, quiet[0].quiet_from, quiet[0].quiet_until, ZoneInfo(settings.TIME_ZONE))


def _same_way(message: Message, letter: Letter) -> bool:
    """The address may have been corrected meanwhile: then the next run writes to the new one."""
    return letter.way == message.channel and wording.address_of(message.patient, letter.way) == message.address


# ---- the next day's visits ----


def _tell_of_tomorrow(row: ReminderRun, watch: Watch, worker: str, until: datetime | None) -> tuple[int, int]:
    """Visits of the day after the run's, unless it is run for another day than today."""
    if row.on != timezone.localtime(watch.now()).date():
        return 0, 0
    sent = errors = 0
    for visit in visit_messages.tomorrow(row.on):
        if until and watch.now() >= until:
            break
        try:
            claimed = _claim_tomorrow(visit, row, at=watch.now(), worker=worker)
            sent += bool(claimed and outbox.deliver(claimed, watch=watch) == MessageState.SENT)
        except Exception:
            log.exception("The message about visit row %s failed.", visit)
            errors += 1
    return sent, errors


@act
def _claim_tomorrow(pk: int, row: ReminderRun, *, at: datetime, worker: str) -> Claimed | None:
    patient = Patient.objects.select_for_update().get(appointments=pk)
    visit = Appointment.objects.get(pk=pk)
    if visit.patient_id != patient.pk:
        return None
    note = visit_messages.note_tomorrow(visit, by=row.by, at=at)
    if note is None:
        return None
    Message.objects.filter(pk=note.pk).update(run=row)
    message = outbox.claim(note.pk, at=at, worker=worker)
    return visit_messages.settle(message, at=at) if message else None


def _chunks(patients: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(patients), CHUNK):
        yield patients[start : start + CHUNK]
