"""What each bucket of a run is called and means, and why a course is in it."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic.formats import day
from treatments.queries.reminder_rows import Row
from treatments.rules.reminders import Bucket, Decision, Why

BUCKETS = {
    Bucket.TO_SEND: (
        gettext_lazy("To be sent now"),
        gettext_lazy("A step of the plan has come and nothing stands against it."),
    ),
    Bucket.SENT: (
        gettext_lazy("Sent today"),
        gettext_lazy("The provider has taken the message."),
    ),
    Bucket.BOOKED: (
        gettext_lazy("Booked"),
        gettext_lazy(
            "The patient has a visit to come. It counts for every due course of theirs, for reminders are per patient; "
            "the due list counts each course by itself."
        ),
    ),
    Bucket.ON_HOLD: (
        gettext_lazy("On hold"),
        gettext_lazy("A flag, a visit on hold, or records that contradict each other."),
    ),
    Bucket.OPTED_OUT: (
        gettext_lazy("Wants no reminders"),
        gettext_lazy("The patient has said no, or stopped them."),
    ),
    Bucket.NOT_ASKED: (
        gettext_lazy("Not asked"),
        gettext_lazy("Nobody has asked the patient whether reminders are welcome."),
    ),
    Bucket.NO_CHANNEL: (
        gettext_lazy("No way to reach them"),
        gettext_lazy("No mobile number or e-mail address that the step can use."),
    ),
    Bucket.QUIET_HOURS: (
        gettext_lazy("Quiet hours"),
        gettext_lazy("The plan writes to nobody at this hour."),
    ),
    Bucket.CAPPED: (
        gettext_lazy("Left in peace"),
        gettext_lazy("Written to or here a short while ago, or often enough in this cycle."),
    ),
    Bucket.SNOOZED: (
        gettext_lazy("Not now"),
        gettext_lazy("The patient asked to be left until a day."),
    ),
    Bucket.FAILED: (
        gettext_lazy("Failed"),
        gettext_lazy("The message was refused. Somebody has to look at the number or the address."),
    ),
    Bucket.UNCERTAIN: (
        gettext_lazy("Uncertain"),
        gettext_lazy("Nobody knows whether it arrived. A person decides; it is not sent again on its own."),
    ),
    Bucket.STOPPED: (
        gettext_lazy("Stopped"),
        gettext_lazy("The course was stopped, the plan is off, or the patient has died."),
    ),
    Bucket.WAITING: (
        gettext_lazy("Nothing to send yet"),
        gettext_lazy("The next step has not come, every step has been sent, or a message is tried again."),
    ),
}
WHYS = {
    Why.DIED: gettext_lazy("The patient has died"),
    Why.MERGED: gettext_lazy("The record was merged into another one"),
    Why.STOPPED: gettext_lazy("The course is stopped"),
    Why.PLAN_OFF: gettext_lazy("Its plan sends nothing"),
    Why.BLOCKED: gettext_lazy("A flag is in force"),
    Why.VISIT_HELD: gettext_lazy("A visit is on hold"),
    Why.DOUBT: gettext_lazy("The records have to be looked at"),
    Why.SEEN: gettext_lazy("Was here a few days ago"),
    Why.LATELY: gettext_lazy("Was written to lately"),
    Why.MOST: gettext_lazy("Has had the most messages of a cycle"),
    Why.NEXT_STEP: gettext_lazy("The next step has not come"),
    Why.NO_MORE_STEPS: gettext_lazy("Every step has been sent"),
    Why.TRIED_AGAIN: gettext_lazy("A message waits to go"),
}
_UNTIL = {
    Bucket.BOOKED: gettext_lazy("Visit on %(day)s"),
    Bucket.SNOOZED: gettext_lazy("Until %(day)s"),
    Bucket.CAPPED: gettext_lazy("until %(day)s"),
    Bucket.WAITING: gettext_lazy("it comes on %(day)s"),
    Bucket.FAILED: gettext_lazy("The next step comes on %(day)s"),
    Bucket.UNCERTAIN: gettext_lazy("The next step comes on %(day)s"),
}


def reason(row: Row | Decision) -> str:
    """Why this course is where it is, and until when."""
    said = [str(WHYS[row.why])] if row.why else []
    if row.until and row.bucket in _UNTIL:
        said.append(str(_UNTIL[row.bucket]) % {"day": day(row.until)})
    return ", ".join(said) or str(_("—"))
