"""What was given: signed treatments, which are amended or voided with a reason, never edited or deleted."""

from __future__ import annotations

from typing import ClassVar

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Replace, Upper
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from clinic.models import Practitioner
from treatments.models.catalogue import Licence, Product
from treatments.models.courses import Course
from treatments.models.fields import PlainCharField, PlainTextField, PublicIdField
from treatments.models.patients import Patient
from treatments.rules.vocabulary import Side, TreatmentKind

KIND_LABELS = {TreatmentKind.FULL: _("Full"), TreatmentKind.TOUCH_UP: _("Touch-up")}
SIDE_LABELS = {Side.NONE: _("Middle or both"), Side.LEFT: _("Left"), Side.RIGHT: _("Right")}


MOST_UNITS = 30000  # of one injection or one course: beyond any vial of any unit system


class TreatmentQuerySet(models.QuerySet["Treatment"]):
    def valid(self) -> TreatmentQuerySet:
        return self.filter(voided_at__isnull=True)


class Treatment(models.Model):
    """One visit's injections for one patient. `performed_on` is the day, or the later end of a doubtful date.

    `findings` keeps what the gate said when it was signed; `incident_reason` why it was recorded all the same.
    """

    public_id = PublicIdField(_("treatment number"))
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="treatments", verbose_name=_("patient"))
    appointment = models.ForeignKey(
        "treatments.Appointment", on_delete=models.PROTECT, null=True, blank=True, related_name="treatments"
    )
    performed_on = models.DateField(_("day"))
    not_before_on = models.DateField(_("not before"), null=True, blank=True)
    kind = models.CharField(_("kind"), max_length=8, choices=[(k.value, label) for k, label in KIND_LABELS.items()])
    product = models.ForeignKey(Product, on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("product"))
    lot_number = PlainCharField(_("lot"), max_length=40, blank=True)
    lot_expires_on = models.DateField(_("expiry"), null=True, blank=True)
    practitioner = models.ForeignKey(
        Practitioner,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="treatments",
        verbose_name=_("injector"),
    )
    sub_standard = models.BooleanField(_("sub-standard dose"), default=False)
    elsewhere = models.BooleanField(_("given elsewhere"), default=False)
    note = PlainTextField(_("note"), blank=True)
    findings = models.JSONField(_("findings"), default=list, encoder=DjangoJSONEncoder)
    incident_reason = PlainTextField(_("why it was given all the same"), blank=True)
    signed_by = models.CharField(_("signed by"), max_length=150)
    signed_at = models.DateTimeField(_("signed"))
    voided_by = models.CharField(_("voided by"), max_length=150, blank=True)
    voided_at = models.DateTimeField(_("voided"), null=True, blank=True)
    void_reason = PlainTextField(_("why it was voided"), blank=True)
    amends = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="amended_by", verbose_name=_("amends")
    )
    source_key = models.CharField(_("key in the old system"), max_length=200, unique=True, null=True, blank=True)

    objects = TreatmentQuerySet.as_manager()

    class Meta:
        ordering = ("-performed_on", "-pk")
        verbose_name = _("treatment")
        verbose_name_plural = _("treatments")
        indexes: ClassVar = [
            models.Index(fields=["patient", "-performed_on", "-id"], name="treatment_of_patient"),
            models.Index(fields=["lot_number"], name="treatment_by_lot"),
            models.Index(
                Upper(Replace(Replace("lot_number", Value(" "), Value("")), Value("-"), Value(""))),
                name="treatment_by_lot_key",
            ),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(voided_at__isnull=True, voided_by="", void_reason="")
                | (Q(voided_at__isnull=False) & ~Q(voided_by="") & ~Q(void_reason="")),
                name="treatment_void_is_whole",
            ),
            models.CheckConstraint(
                condition=Q(not_before_on__isnull=True) | Q(not_before_on__lte=F("performed_on")),
                name="treatment_range_in_order",
            ),
            models.CheckConstraint(
                condition=Q(elsewhere=True)
                | (Q(product__isnull=False) & ~Q(lot_number="") & Q(lot_expires_on__isnull=False)),
                name="treatment_here_has_product_and_lot",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.public_id} {self.performed_on}"

    def get_absolute_url(self) -> str:
        return reverse("treatment", args=[self.public_id])

    @property
    def version(self) -> int:
        """1 as signed, 2 once it is voided or amended: nothing else ever happens to a record."""
        return 2 if self.voided_at else 1


class CourseTreatment(models.Model):
    """What a treatment gave to one course, with the licence it was judged by and the day its effect had gone."""

    treatment = models.ForeignKey(Treatment, on_delete=models.PROTECT, related_name="courses")
    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="treatments")
    units = models.DecimalField(_("units"), max_digits=7, decimal_places=2, null=True)
    licence = models.ForeignKey(Licence, on_delete=models.PROTECT, null=True)
    worn_off_on = models.DateField(_("effect gone on"), null=True, blank=True)
    still_working_on = models.DateField(_("effect still there on"), null=True, blank=True)
    seen_gone_on = models.DateField(_("effect seen gone on"), null=True, blank=True)
    # The minimum interval on both sides, counted once by the rules of the day of the signature; None: not known.
    repeat_from = models.DateField(_("not again before"), null=True, blank=True)
    previous_until = models.DateField(_("previous one on or before"), null=True, blank=True)

    class Meta:
        ordering = ("treatment", "pk")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["treatment", "course"], name="treatment_gives_course_once"),
            models.CheckConstraint(
                condition=Q(units__isnull=True) | Q(units__gt=0, units__lte=MOST_UNITS), name="course_units_in_bounds"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.treatment_id} {self.course_id} {self.units}"


class Injection(models.Model):
    """One site of a treatment."""

    given = models.ForeignKey(CourseTreatment, on_delete=models.PROTECT, related_name="injections")
    site = PlainCharField(_("site"), max_length=80)
    side = models.CharField(
        _("side"), max_length=5, blank=True, choices=[(s.value, label) for s, label in SIDE_LABELS.items()]
    )
    units = models.DecimalField(_("units"), max_digits=7, decimal_places=2)

    class Meta:
        ordering = ("pk",)
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(units__gt=0, units__lte=MOST_UNITS), name="injection_units_in_bounds")
        ]

    def __str__(self) -> str:
        return f"{self.site} {self.side} {self.units}"


class LotStop(models.Model):
    """A lot that must not be used: in quarantine, or recalled. What was given of it before counts as sub-standard."""

    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="lot_stops", verbose_name=_("product"))
    lot_number = PlainCharField(_("lot"), max_length=40)
    lot_key = models.CharField(max_length=40, editable=False, db_index=True)
    reason = PlainTextField(_("reason"))
    by = models.CharField(_("who"), max_length=150)
    at = models.DateTimeField(_("when"))
    lifted_by = models.CharField(_("lifted by"), max_length=150, blank=True)
    lifted_at = models.DateTimeField(_("lifted"), null=True, blank=True)
    lift_reason = PlainTextField(_("why it was lifted"), blank=True)

    class Meta:
        ordering = ("-at", "-pk")
        verbose_name = _("stopped lot")
        verbose_name_plural = _("stopped lots")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["product", "lot_key"], condition=Q(lifted_at__isnull=True), name="lot_stopped_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.product} {self.lot_number}"
