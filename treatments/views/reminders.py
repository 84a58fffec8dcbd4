"""Reminders: who would be written to today, the button that does it, and what came of it."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from clinic.channels import registry
from clinic.formats import clock, day, moment
from clinic.permissions import needs
from treatments.models import MessageText, ReminderRun
from treatments.queries import messages as find
from treatments.queries import reminder_rows, telephone
from treatments.queries.reminder_rows import Row
from treatments.queries.staff import staff_names
from treatments.rules import reminders as rules
from treatments.rules.reminders import Bucket, Decision, Letter
from treatments.services import reminders
from treatments.views.message_rows import WAYS, line
from treatments.views.once import once
from treatments.views.reminder_tabs import tabs
from treatments.views.reminder_words import BUCKETS, reason

SHOWN = 50  # rows of a bucket; the command prints all
PATIENCE = timedelta(seconds=20)  # that a person waits for a run; the rest goes with the next one
OVERDUE = timedelta(hours=26)
LISTED = 50


@require_safe
@needs("treatments.view_reminderrun")
def preview(request: HttpRequest) -> HttpResponse:
    """Who would be written to now, by which way and step; who is held back, and why."""
    at = timezone.now()
    on = timezone.localdate(at)
    decisions: dict[Bucket, list[Decision]] = defaultdict(list)
    letters: list[Letter] = []
    for decided in reminders.preview(on=on, at=at):
        if letter := rules.letter(decided.decisions):
            letters.append(letter)
        for decision in decided.decisions:
            decisions[decision.bucket].append(decision)
    n_messages = len(letters)
    context = {
        "tabs": tabs("reminders", find.to_look_at().count()),
        "answer": _answer(decisions, n_messages),
        "groups": _groups(decisions),
        "letters": _letters(letters[:SHOWN], decisions[Bucket.TO_SEND]),
        "letters_left_out": max(0, n_messages - SHOWN),
        "n_messages": n_messages,
        "due": sum(map(len, decisions.values())),
        "held": sum(len(found) for bucket, found in decisions.items() if bucket != Bucket.TO_SEND),
        "sends": request.user.has_perm("treatments.add_reminderrun"),
        "warnings": [*_last_run(at), *_not_sending(at), *_not_set_up()],
        "as_of": clock(at),
        "on": day(on),
    }
    return render(request, "reminders/preview.html", context)


@require_POST
@needs("treatments.add_reminderrun")
def send(request: HttpRequest) -> HttpResponse:
    """Begin a run once, however often the button is pressed; then send, and show what came of it."""
    at = timezone.now()
    on, by = timezone.localdate(at), request.user.get_username()
    run = once(request, lambda: reminders.begin(on=on, at=at, by=by))
    reminders.carry_out(run, at=at, within=PATIENCE)
    return redirect(run)


@require_safe
@needs("treatments.view_reminderrun")
def runs(request: HttpRequest) -> HttpResponse:
    """The latest runs."""
    rows = list(ReminderRun.objects.order_by("-started_at", "-pk")[:LISTED])
    names = staff_names({row.by for row in rows})
    lines = [_run_line(row, names) for row in rows]
    context = {"tabs": tabs("reminder_runs", find.to_look_at().count()), "rows": lines, "listed": LISTED}
    return render(request, "reminders/runs.html", context)


@require_safe
@needs("treatments.view_reminderrun")
def show(request: HttpRequest, number: int) -> HttpResponse:
    """One run: where every due course was at its end, and the messages that it sent."""
    run = get_object_or_404(ReminderRun, pk=number)
    rows = find.rows(find.of_run(run), most=find.AT_MOST + 1)
    counts = run.counts
    buckets = [bucket for bucket in Bucket if bucket != Bucket.TO_SEND]
    context = {
        "tabs": tabs("", find.to_look_at().count()),
        "run": _run_line(run, staff_names({run.by})),
        "balance": [(*BUCKETS[bucket], counts.get(bucket.value, 0)) for bucket in buckets],
        "due": sum(counts.get(bucket.value, 0) for bucket in buckets),
        "left": counts.get(reminders.LEFT, 0),
        "told": counts.get(reminders.TOMORROW, 0),
        "errors": counts.get(reminders.ERRORS, 0),
        "rows": [line(row) for row in rows[: find.AT_MOST]],
        "more": len(rows) > find.AT_MOST,
        "at_most": find.AT_MOST,
        "ended": run.finished_at is not None,
        "sends": request.user.has_perm("treatments.add_reminderrun") and run.on == timezone.localdate(),
    }
    return render(request, "reminders/run.html", context)


def _answer(decisions: dict[Bucket, list[Decision]], n_messages: int) -> str:
    """The page's question answered in one sentence."""
    due = sum(map(len, decisions.values()))
    if not due:
        return _("Nobody is due, and nobody will be within three weeks.")
    held = due - len(decisions[Bucket.TO_SEND]) - len(decisions[Bucket.SENT])
    now = ngettext("%(n)d message would go out now", "%(n)d messages would go out now", n_messages) % {"n": n_messages}
    if not n_messages:
        now = _("No message would go out now")
    rest = ngettext("%(n)d due course is held back or waits", "%(n)d due courses are held back or wait", held) % {
        "n": held
    }
    return _("%(now)s; %(rest)s.") % {"now": now, "rest": rest}


def _groups(decisions: dict[Bucket, list[Decision]]) -> list[dict[str, Any]]:
    """Every bucket with somebody in it, its first rows by name."""
    held_back = [found for bucket, found in decisions.items() if bucket != Bucket.TO_SEND]
    shown = [decision for found in held_back for decision in found[:SHOWN]]
    rows: dict[Bucket, list[Row]] = defaultdict(list)
    for row in reminder_rows.named(shown):
        rows[row.bucket].append(row)
    return [
        {
            "slug": bucket.value,
            "name": BUCKETS[bucket][0],
            "means": BUCKETS[bucket][1],
            "count": len(decisions[bucket]),
            "left_out": len(decisions[bucket]) - len(rows[bucket]),
            "rows": [_row(row) for row in sorted(rows[bucket], key=lambda row: (row.name, row.patient))],
        }
        for bucket in Bucket
        if decisions[bucket] and bucket != Bucket.TO_SEND
    ]


def _letters(letters: list[Letter], decisions: list[Decision]) -> list[dict[str, Any]]:
    """One line for each message: to whom, about which courses, which text, by which way."""
    wanted = {course.ref for letter in letters for course, _step in letter.courses}
    rows = {row.course: row for row in reminder_rows.named([d for d in decisions if d.course.ref in wanted])}
    texts = dict(MessageText.objects.values_list("code", "name"))
    lines = [
        {
            "public_id": rows[letter.about.ref].patient,
            "name": rows[letter.about.ref].name,
            "about": ", ".join(sorted(rows[course.ref].indication for course, _step in letter.courses)),
            "text": texts.get(letter.step.text, letter.step.text),
            "way": WAYS.get(letter.way, letter.way),
        }
        for letter in letters
    ]
    return sorted(lines, key=lambda line: (line["name"], line["public_id"]))


def _row(row: Row) -> dict[str, Any]:
    return {"public_id": row.patient, "name": row.name, "indication": row.indication, "why": reason(row)}


def _last_run(at: datetime) -> list[str]:
    """A dead man's line: the job that nobody sees is missed here."""
    last = ReminderRun.objects.filter(finished_at__isnull=False).order_by("-started_at").first()
    if last is None:
        return [_("Reminders have never been sent from here. Set up the daily job, or press Send.")]
    if at - last.started_at <= OVERDUE:
        return []
    said = {"when": moment(last.started_at)}
    return [
        _("Reminders were last sent on %(when)s. The daily job may have stopped: tell whoever runs the server.") % said
    ]


def _not_sending(at: datetime) -> list[str]:
    """The same for the job of every minute."""
    number = find.late(at)
    if not number:
        return []
    said = ngettext(
        "%(n)d message has waited for more than %(minutes)d minutes. The job that sends every minute may have stopped: "
        "tell whoever runs the server.",
        "%(n)d messages have waited for more than %(minutes)d minutes. The job that sends every minute may have stopped: "
        "tell whoever runs the server.",
        number,
    )
    return [said % {"n": number, "minutes": find.LATE // timedelta(minutes=1)}]


def _not_set_up() -> list[str]:
    missing = []
    if not registry.ways():
        missing.append(_("No way to send messages is set up on this server, so nobody is written to."))
    if not telephone.for_patients():
        missing.append(_("The clinic's telephone for patients is not set. Messages say “the clinic” in its place."))
    return missing


def _run_line(run: ReminderRun, names: dict[str, str]) -> dict[str, Any]:
    counts = run.counts
    return {
        "url": run.get_absolute_url(),
        "on": day(run.on),
        "started": moment(run.started_at),
        "finished": moment(run.finished_at),
        "by": _by(run.by, names),
        "sent": counts.get(Bucket.SENT.value, ""),
        "failed": counts.get(Bucket.FAILED.value, ""),
        "uncertain": counts.get(Bucket.UNCERTAIN.value, ""),
        "due": sum(counts.get(bucket.value, 0) for bucket in Bucket) if counts else "",
        "is_today": run.on == _today(),
    }


def _by(by: str, names: dict[str, str]) -> str:
    return str(_("the daily job")) if by == "send_reminders" else names.get(by, by)


def _today() -> date:
    return timezone.localdate()
