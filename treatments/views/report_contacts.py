"""What came of reminders and calls? By step and by outcome, with the bookings in the two weeks after."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from treatments.models.contact import OUTCOME_LABELS
from treatments.queries import report_contacts
from treatments.queries.report_contacts import BOOKED_WITHIN, Contacts
from treatments.rules.statistics import wilson
from treatments.views.chart_groups import Row, rows_chart
from treatments.views.report_frame import Asked, Cell, Column, Picture, Report, Table, not_enough, share

NEEDED, ROW_NEEDED = 20, 5
SHARES = ((0, "0 %"), (25, "25 %"), (50, "50 %"), (75, "75 %"), (100, "100 %"))
QUESTION = gettext_lazy("What comes of reminders and calls?")
DEFINITION = (
    gettext_lazy(
        "A message counts at each step of the contact plan that it was sent for, on the day it was made. Sent: "
        "the provider took it. Delivered: the provider reported so; many report nothing. Failed: it was "
        "refused, or came back. Uncertain: nobody knows whether it went out."
    ),
    gettext_lazy(
        "Booked: a visit for the same course was booked within %(n)d days after the message or the call, and "
        "has not been cancelled. Only contacts whose %(n)d days are over count in that share. Who would have "
        "booked without it is not known."
    ),
    gettext_lazy("Calls are contacts that staff logged, each once, by their outcome; those taken back do not count."),
)


def definition() -> list[str]:
    return [str(words).replace("%(n)d", str(BOOKED_WITHIN.days)) for words in DEFINITION]


def build(asked: Asked) -> Report:
    found = report_contacts.contacts(asked.scope, at=asked.at)
    sent, calls = sum(step.sent for step in found.steps), sum(line.number for line in found.calls)
    answer = _answer(found, sent, calls, asked)
    tables = [_steps(found)] if found.steps else []
    tables += [_calls(found)] if found.calls else []
    followed = sum(s.followed for s in found.steps) + sum(c.followed for c in found.calls)
    if followed < NEEDED:
        missing = not_enough(followed, NEEDED, of=_("contacts whose two weeks are over"))
        return Report(answer, tables=tables, missing=missing, empty=not (found.steps or found.calls))
    for table in tables:
        table.folded = True
    return Report(answer, pictures=[_picture(found, answer)], tables=tables)


def _answer(found: Contacts, sent: int, calls: int, asked: Asked) -> str:
    if not (found.steps or found.calls):
        return _("Nobody was reminded or called %(words)s.") % {"words": asked.words()}
    messages = ngettext("%(n)d reminder was sent", "%(n)d reminders were sent", sent) % {"n": sent}
    contacts = ngettext("%(n)d call was logged", "%(n)d calls were logged", calls) % {"n": calls}
    said = _("%(messages)s and %(contacts)s %(words)s") % {
        "messages": messages,
        "contacts": contacts,
        "words": asked.words(),
    }
    followed = sum(s.followed for s in found.steps) + sum(c.followed for c in found.calls)
    booked = sum(s.booked for s in found.steps) + sum(c.booked for c in found.calls)
    if not followed:
        return f"{said}."
    return said + _("; after %(share)s a visit was booked within %(n)d days.") % {
        "share": share(booked, followed),
        "n": BOOKED_WITHIN.days,
    }


def _picture(found: Contacts, answer: str) -> Picture:
    lines = [(step.name, step.booked, step.followed) for step in found.steps]
    lines += [(str(OUTCOME_LABELS[line.outcome]), line.booked, line.followed) for line in found.calls]
    rows = []
    for name, booked, followed in lines:
        if followed < ROW_NEEDED:
            said = _("%(n)d of %(needed)d needed") % {"n": followed, "needed": ROW_NEEDED}
            rows.append(Row(name, said, None))
            continue
        low, high = wilson(booked, followed)
        rows.append(Row(name, share(booked, followed), 100 * booked / followed, 100 * low, 100 * high))
    chart = rows_chart(
        rows,
        ref="contacts",
        title=_("Booked within %(n)d days, by step and outcome") % {"n": BOOKED_WITHIN.days},
        sentence=answer,
        until=100,
        ticks=SHARES,
        heading=_("Booked within %(n)d days") % {"n": BOOKED_WITHIN.days},
    )
    return Picture("components/charts/rows.html", chart)


def _steps(found: Contacts) -> Table:
    columns = [
        Column(_("Step")), Column(_("Sent"), True), Column(_("Delivered"), True), Column(_("Failed"), True),
        Column(_("Uncertain"), True), Column(_("Two weeks over"), True), Column(_("Booked by then"), True),
    ]  # fmt: skip
    rows: list[list[Cell]] = [
        [step.name, step.sent, step.delivered, step.failed, step.uncertain, step.followed, step.booked]
        for step in found.steps
    ]
    return Table("steps", _("Reminders by step"), columns, rows)


def _calls(found: Contacts) -> Table:
    columns = [
        Column(_("Outcome")), Column(_("Calls"), True), Column(_("Two weeks over"), True),
        Column(_("Booked by then"), True),
    ]  # fmt: skip
    rows: list[list[Cell]] = [
        [str(OUTCOME_LABELS[line.outcome]), line.number, line.followed, line.booked] for line in found.calls
    ]
    return Table("calls", _("Calls by outcome"), columns, rows)
