"""What a patient has without an account: a page of their own, and a word that reception reads."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from treatments.models.appointments import Appointment
from treatments.models.contact import WAY_LABELS
from treatments.models.fields import PublicIdField
from treatments.models.patients import Patient
from treatments.rules.vocabulary import Wish

WISH_LABELS = {
    Wish.ANOTHER_TIME: _("Wants another time"),
    Wish.CANNOT_COME: _("Cannot come"),
    Wish.A_TIME: _("Wants a time"),
    Wish.CALL: _("Asks us to call"),
    Wish.ANSWERS: _("Answered a safety question with yes or not sure"),
    Wish.WORDS: _("Wrote to us"),
}


class PatientLink(models.Model):
    """A page for one patient without an account: for one visit, for a due reminder, or to stop reminders.

    `told` is what the message said of the visit; where that is no longer so, the link has ended. `draft` holds the
    answers to the safety questions until they are sent.
    """

    token = models.CharField(max_length=43, unique=True, editable=False)
    purpose = models.SlugField(max_length=10)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="links")
    appointment = models.ForeignKey(Appointment, on_delete=models.PROTECT, null=True, blank=True, related_name="links")
    told = models.CharField(max_length=60, blank=True)
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    failed_tries = models.PositiveSmallIntegerField(default=0)
    draft = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ("-made_at", "-pk")
        verbose_name = _("patient link")
        verbose_name_plural = _("patient links")
        indexes: ClassVar = [models.Index(fields=["patient", "purpose"], name="link_of_patient")]

    def __str__(self) -> str:
        return f"{self.purpose} {self.patient_id}"


class PatientRequest(models.Model):
    """What a patient asked for by link or text message. Reception works it off; it is never deleted."""

    public_id = PublicIdField(_("request number"))
    patient = models.ForeignKey(
        Patient, on_delete=models.PROTECT, null=True, blank=True, related_name="requests", verbose_name=_("patient")
    )
    appointment = models.ForeignKey(
        Appointment, on_delete=models.PROTECT, null=True, blank=True, related_name="requests", verbose_name=_("visit")
    )
    wish = models.CharField(
        _("what"), max_length=12, choices=[(wish.value, label) for wish, label in WISH_LABELS.items()]
    )
    way = models.CharField(_("how"), max_length=8, choices=[(w.value, label) for w, label in WAY_LABELS.items()])
    wished_at = models.DateTimeField(_("time chosen"), null=True, blank=True)
    words = models.TextField(_("in their words"), blank=True)
    phone = models.CharField(_("from"), max_length=20, blank=True)
    at = models.DateTimeField(_("received"))
    handled_by = models.CharField(_("dealt with by"), max_length=150, blank=True)
    handled_at = models.DateTimeField(_("dealt with"), null=True, blank=True)

    class Meta:
        ordering = ("at", "pk")
        verbose_name = _("patient's request")
        verbose_name_plural = _("patients' requests")
        indexes: ClassVar = [
            models.Index(fields=["at"], condition=Q(handled_at__isnull=True), name="request_open"),
            models.Index(fields=["patient", "-at"], name="request_of_patient"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(handled_by="", handled_at__isnull=True) | (~Q(handled_by="") & Q(handled_at__isnull=False)),
                name="request_handled_is_whole",
            )
        ]

    def __str__(self) -> str:
        return f"{self.public_id} {self.wish}"


class DigestMail(models.Model):
    """The morning e-mail to one member of staff: claimed before it is sent, so that nobody has it twice."""

    user = models.CharField(max_length=150)
    on = models.DateField()
    claimed_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    why_not = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ("-on", "user")
        verbose_name = _("morning e-mail")
        verbose_name_plural = _("morning e-mails")
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "on"], name="digest_once_a_day")]

    def __str__(self) -> str:
        return f"{self.user} {self.on}"
