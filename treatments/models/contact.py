"""Contact with patients: the plan of reminders, the texts, what was sent, what was said on the telephone."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from treatments.models.appointments import Appointment
from treatments.models.courses import Course
from treatments.models.fields import PlainCharField, PlainTextField, PublicIdField
from treatments.models.patients import Patient
from treatments.rules.vocabulary import Anchor, MessageState, Outcome, Way

ANCHOR_LABELS = {
    Anchor.DUE_FROM: _("the window opens"),
    Anchor.DUE_UNTIL: _("the window closes"),
}
WAY_LABELS = {
    Way.PHONE: _("Telephone"),
    Way.SMS: _("Text message"),
    Way.EMAIL: _("E-mail"),
    Way.LINK: _("Patient's own link"),
    Way.DESK: _("In person"),
}
OUTCOME_LABELS = {
    Outcome.NO_ANSWER: _("No answer"),
    Outcome.LEFT_MESSAGE: _("Left message"),
    Outcome.WILL_CALL: _("Will call us"),
    Outcome.NOT_NOW: _("Not now"),
    Outcome.STOP: _("Stop reminders"),
    Outcome.WRONG_NUMBER: _("Wrong number"),
}
MESSAGE_STATE_LABELS = {
    MessageState.WAITING: _("Waiting"),
    MessageState.CLAIMED: _("Being sent"),
    MessageState.SENT: _("Sent"),
    MessageState.FAILED: _("Failed"),
    MessageState.UNCERTAIN: _("Uncertain"),
    MessageState.DROPPED: _("Not sent"),
}


class MessageText(models.Model):
    """The words of one message, with fields in braces. None of them names a treatment, a product or a health fact."""

    code = models.SlugField(_("code"), max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=80)
    sms = PlainTextField(_("text message"), blank=True)
    subject = PlainCharField(_("e-mail subject"), max_length=120, blank=True)
    email = PlainTextField(_("e-mail"), blank=True)
    shipped = models.CharField(max_length=64, blank=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        ordering = ("code",)
        verbose_name = _("message text")
        verbose_name_plural = _("message texts")

    def __str__(self) -> str:
        return self.name

    @property
    def ways(self) -> tuple[str, ...]:
        """The ways for which it has words."""
        email = self.email.strip() and self.subject.strip()
        return tuple(way.value for way, words in ((Way.SMS, self.sms.strip()), (Way.EMAIL, email)) if words)


class ContactPlan(models.Model):
    """When and how patients of a group of indications are reminded. An indication without a plan has the usual one."""

    code = models.SlugField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=80)
    is_usual = models.BooleanField(_("the usual plan"), default=False)
    is_active = models.BooleanField(_("sends reminders"), default=True)
    quiet_from = models.TimeField(_("quiet from"))
    quiet_until = models.TimeField(_("quiet until"))
    cap_days = models.PositiveSmallIntegerField(_("one message per patient within days"), default=14)
    most_per_cycle = models.PositiveSmallIntegerField(_("most messages per cycle"), default=4)
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        ordering = ("name", "pk")
        verbose_name = _("contact plan")
        verbose_name_plural = _("contact plans")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["is_usual"], condition=Q(is_usual=True), name="one_usual_contact_plan"),
            models.CheckConstraint(condition=~Q(quiet_from=F("quiet_until")), name="quiet_hours_end"),
        ]

    def __str__(self) -> str:
        return self.name


class ContactStep(models.Model):
    """One reminder of a plan: so many days after (or, below zero, before) a date of the course."""

    plan = models.ForeignKey(ContactPlan, on_delete=models.PROTECT, related_name="steps", verbose_name=_("plan"))
    code = models.SlugField(_("code"), max_length=20)
    anchor = models.CharField(
        _("counted from the day on which"),
        max_length=10,
        choices=[(a.value, label) for a, label in ANCHOR_LABELS.items()],
    )
    offset_days = models.SmallIntegerField(_("days after it"), help_text=_("Below zero: before it."))
    channels = models.JSONField(_("ways, the first one that is possible"), default=list)
    text = models.ForeignKey(MessageText, on_delete=models.PROTECT, related_name="steps", verbose_name=_("text"))
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        ordering = ("plan", "anchor", "offset_days", "pk")
        verbose_name = _("contact step")
        verbose_name_plural = _("contact steps")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["plan", "code"], name="contact_step_once_per_plan"),
            models.CheckConstraint(
                condition=Q(offset_days__gte=-366, offset_days__lte=366), name="contact_step_within_a_year"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plan}: {self.code}"


class ReminderRun(models.Model):
    """One run of the reminders for a day: who started it, and what came of every due course."""

    on = models.DateField(_("day"))
    by = models.CharField(_("who"), max_length=150)
    started_at = models.DateTimeField(_("started"))
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    counts = models.JSONField(_("balance"), default=dict)

    class Meta:
        ordering = ("-started_at", "-pk")
        verbose_name = _("reminder run")
        verbose_name_plural = _("reminder runs")
        indexes: ClassVar = [models.Index(fields=["on"], name="reminder_run_day")]

    def __str__(self) -> str:
        return f"{self.on:%Y-%m-%d} {self.by}"

    def get_absolute_url(self) -> str:
        return reverse("reminder_run", args=[self.pk])


class Message(models.Model):
    """One message to one patient. `key` says what it is about, so that nobody is told the same thing twice.

    It is claimed in the transaction that decides it, sent outside of one, and then marked. A claim that nobody
    finished is `uncertain`: a person looks at it, it is never sent again on its own.
    """

    public_id = PublicIdField(_("message number"))
    key = models.CharField(max_length=120, unique=True, editable=False)
    kind = models.SlugField(_("about"), max_length=20)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="messages", verbose_name=_("patient"))
    appointment = models.ForeignKey(
        Appointment, on_delete=models.PROTECT, null=True, blank=True, related_name="messages", verbose_name=_("visit")
    )
    text_code = models.SlugField(_("text"), max_length=20)
    channel = models.SlugField(_("way"), max_length=20, blank=True)
    address = models.CharField(_("to"), max_length=254, blank=True)
    subject = models.CharField(_("subject"), max_length=200, blank=True)
    body = models.TextField(_("text"), blank=True)
    state = models.CharField(
        _("state"),
        max_length=9,
        choices=[(s.value, label) for s, label in MESSAGE_STATE_LABELS.items()],
        default=MessageState.WAITING.value,
    )
    why = models.CharField(_("why"), max_length=200, blank=True)
    run = models.ForeignKey(ReminderRun, on_delete=models.PROTECT, null=True, blank=True, related_name="messages")
    made_by = models.CharField(_("made by"), max_length=150)
    made_at = models.DateTimeField(_("made"))
    not_before_at = models.DateTimeField(_("not before"))
    too_late_at = models.DateTimeField(_("too late from"), null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    claimed_by = models.CharField(max_length=80, blank=True)
    claimed_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    provider_ref = models.CharField(_("provider's number"), max_length=120, blank=True, db_index=True)
    delivery = models.CharField(_("delivery"), max_length=20, blank=True)
    delivery_at = models.DateTimeField(_("delivery told"), null=True, blank=True)

    class Meta:
        ordering = ("-made_at", "-pk")
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        indexes: ClassVar = [
            models.Index(fields=["patient", "-sent_at"], name="message_of_patient"),
            models.Index(
                fields=["not_before_at", "id"],
                condition=Q(state=MessageState.WAITING.value),
                name="message_waiting",
            ),
            models.Index(fields=["claimed_at"], condition=Q(state=MessageState.CLAIMED.value), name="message_claimed"),
            models.Index(
                fields=["made_at"],
                condition=Q(state__in=[MessageState.FAILED.value, MessageState.UNCERTAIN.value]),
                name="message_for_a_person",
            ),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(state=MessageState.SENT.value) | Q(sent_at__isnull=False), name="message_sent_has_its_time"
            ),
            models.CheckConstraint(
                condition=~Q(state=MessageState.CLAIMED.value) | (Q(claimed_at__isnull=False) & ~Q(claimed_by="")),
                name="message_claimed_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.public_id} {self.kind}"


class Reminder(models.Model):
    """One step of one cycle of one course, and the message that it went out with. `cycle_on`: the last full treatment.

    `refused`: the provider would not take it by that way, and nothing arrived. Another way may be tried, once.
    """

    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="reminders")
    cycle_on = models.DateField(_("cycle since"))
    step = models.ForeignKey(ContactStep, on_delete=models.PROTECT, related_name="+")
    message = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="reminders")
    refused = models.BooleanField(default=False, editable=False)

    class Meta:
        ordering = ("pk",)
        verbose_name = _("reminder")
        verbose_name_plural = _("reminders")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["course", "cycle_on", "step"], condition=Q(refused=False), name="reminder_once_per_step"
            )
        ]

    def __str__(self) -> str:
        return f"{self.course_id} {self.cycle_on} {self.step_id}"


class ContactAttempt(models.Model):
    """What came of one contact about a course. Added, never changed; one that was a mistake is taken back."""

    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="attempts")
    cycle_on = models.DateField(_("cycle since"), null=True, blank=True)
    at = models.DateTimeField(_("when"))
    by = models.CharField(_("who"), max_length=150)
    way = models.CharField(_("how"), max_length=8, choices=[(w.value, label) for w, label in WAY_LABELS.items()])
    outcome = models.CharField(
        _("outcome"), max_length=12, choices=[(o.value, label) for o, label in OUTCOME_LABELS.items()]
    )
    reason = PlainCharField(_("reason"), max_length=200, blank=True)
    snoozed_until = models.DateField(_("back on the list on"), null=True, blank=True)
    undone_by = models.CharField(_("taken back by"), max_length=150, blank=True)
    undone_at = models.DateTimeField(_("taken back"), null=True, blank=True)

    class Meta:
        ordering = ("-at", "-pk")
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        indexes: ClassVar = [models.Index(fields=["course", "-at"], name="contact_of_course")]

    def __str__(self) -> str:
        return f"{self.course_id} {self.at:%Y-%m-%d} {self.outcome}"
