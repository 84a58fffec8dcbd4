"""Patients and the words by which they are found."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from treatments.models.fields import PhoneField, PlainCharField, PlainTextField, PublicIdField


class ContactConsent(models.TextChoices):
    NOT_ASKED = "", _("Not asked")
    YES = "yes", _("Yes")
    NO = "no", _("No")


class Sex(models.TextChoices):
    UNKNOWN = "", _("Not recorded")
    FEMALE = "F", _("Female")
    MALE = "M", _("Male")
    OTHER = "X", _("Other")


def list_name(family_name: str, given_name: str) -> str:
    """FAMILY, Given: the set form of every list."""
    return ", ".join(part for part in (family_name.upper(), given_name) if part)


class Patient(models.Model):
    """A person. Everything in an address or on paper uses `public_id`."""

    public_id = PublicIdField(_("patient number"))
    source_id = models.CharField(_("id in the old system"), max_length=80, unique=True, null=True, blank=True)
    family_name = PlainCharField(_("family name"), max_length=120)
    given_name = PlainCharField(_("given name"), max_length=120, blank=True)
    preferred_name = PlainCharField(_("preferred name"), max_length=120, blank=True)
    title = PlainCharField(_("title"), max_length=20, blank=True)
    born_on = models.DateField(_("date of birth"))
    died_on = models.DateField(_("date of death"), null=True, blank=True)
    sex = models.CharField(_("gender"), max_length=1, choices=Sex, blank=True)
    phone = PhoneField(_("mobile"), blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    address = PlainCharField(_("address"), max_length=200, blank=True)
    city = PlainCharField(_("town"), max_length=80, blank=True)
    postcode = PlainCharField(_("postcode"), max_length=12, blank=True)
    contact_consent = models.CharField(_("may we send reminders?"), max_length=3, choices=ContactConsent, blank=True)
    note = PlainTextField(_("note"), blank=True)
    registered_on = models.DateField(_("registered"))
    version = models.PositiveIntegerField(default=1, editable=False)
    merged_into = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="merged_from"
    )
    # Counted up by the database's own guards at every change that bears on safety; nothing else writes it.
    safety_version = models.BigIntegerField(default=0, editable=False)

    class Meta:
        ordering = ("family_name", "given_name", "pk")
        verbose_name = _("patient")
        verbose_name_plural = _("patients")
        indexes: ClassVar = [models.Index(fields=["born_on"], name="patient_born_on")]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(died_on__isnull=True) | models.Q(died_on__gte=models.F("born_on")),
                name="patient_dies_after_birth",
            ),
        ]

    def __str__(self) -> str:
        return self.list_name

    @property
    def list_name(self) -> str:
        return list_name(self.family_name, self.given_name)

    def get_absolute_url(self) -> str:
        return reverse("patient", args=[self.public_id])


class SearchKey(models.Model):
    """One folded word by which a patient is found: a name, a phone number's digits, a birth date, an id."""

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="search_keys")
    key = models.CharField(max_length=120)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["patient", "key"], name="search_key_once")]
        indexes: ClassVar = [models.Index(fields=["key", "patient"], name="search_key_prefix")]

    def __str__(self) -> str:
        return self.key


class SafetyAnswer(models.Model):
    """One answer to one safety question. Answers are added, never changed; the latest counts."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="answers")
    kind = models.CharField(_("question"), max_length=60)
    answer = models.CharField(_("answer"), max_length=8)
    answered_on = models.DateField(_("answered"))
    asked_by = models.CharField(_("asked by"), max_length=150)

    class Meta:
        ordering = ("-answered_on", "-pk")
        indexes: ClassVar = [models.Index(fields=["patient", "kind", "-answered_on"], name="answer_latest")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.answer}"


class Consent(models.Model):
    """The patient's signed consent to treatment, kept on paper or elsewhere; withdrawn, never deleted."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="consents")
    signed_on = models.DateField(_("signed"))
    recorded_by = models.CharField(_("recorded by"), max_length=150)
    recorded_at = models.DateTimeField(_("recorded"))
    withdrawn_on = models.DateField(_("withdrawn"), null=True, blank=True)

    class Meta:
        ordering = ("-signed_on", "-pk")
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        indexes: ClassVar = [models.Index(fields=["patient", "-signed_on"], name="consent_latest")]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(withdrawn_on__isnull=True) | models.Q(withdrawn_on__gte=models.F("signed_on")),
                name="consent_withdrawn_after_signed",
            )
        ]

    def __str__(self) -> str:
        return f"{self.patient_id} {self.signed_on}"


class PatientMerge(models.Model):
    """Two records of one person brought together. `moved` names every row that changed hands, so that it can be undone."""

    kept = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="merges")
    gone = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    by = models.CharField(max_length=150)
    at = models.DateTimeField()
    reason = PlainTextField(_("why they are the same person"))
    moved = models.JSONField(default=dict)
    undone_by = models.CharField(max_length=150, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-at", "-pk")
        verbose_name = _("merge")
        verbose_name_plural = _("merges")

    def __str__(self) -> str:
        return f"{self.gone_id} into {self.kept_id}"
