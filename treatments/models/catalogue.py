"""The clinic's catalogue: products, indications and the rules, each rule with its source and its days of effect."""

from __future__ import annotations

from datetime import date

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from clinic.models import Practitioner
from treatments.models.fields import PlainCharField, PlainTextField
from treatments.rules.periods import Length, LengthUnit
from treatments.rules.vocabulary import IndicationKind, ScheduleKind, Severity

SEVERITY_LABELS = {
    Severity.HARD_STOP: _("Stop"),
    Severity.SOFT_STOP: _("Stop, a prescriber may override"),
    Severity.CAUTION: _("Caution"),
    Severity.INFORM: _("Note"),
}
LENGTH_UNITS = [
    (LengthUnit.DAYS.value, _("days")),
    (LengthUnit.WEEKS.value, _("weeks")),
    (LengthUnit.MONTHS.value, _("months")),
]


class Product(models.Model):
    code = models.SlugField(_("code"), max_length=60, unique=True)
    brand = models.CharField(_("brand"), max_length=60)
    nonproprietary_name = models.CharField(_("substance"), max_length=80)
    manufacturer = models.CharField(_("manufacturer"), max_length=80, blank=True)
    unit_system = models.CharField(_("unit system"), max_length=40)
    duration_family = models.CharField(_("duration family"), max_length=40, blank=True)
    vial_units = models.JSONField(_("vial sizes"), default=list, blank=True)
    excipients = models.JSONField(_("excipients"), default=list, blank=True)
    storage = models.CharField(_("storage, unopened"), max_length=200, blank=True)
    use_within_hours = models.PositiveSmallIntegerField(_("use within hours once mixed"), null=True, blank=True)
    source = models.TextField(_("source"))
    unverified = models.JSONField(_("not verified"), default=list, blank=True)
    is_active = models.BooleanField(_("used here"), default=True)

    class Meta:
        ordering = ("brand", "pk")
        verbose_name = _("product")
        verbose_name_plural = _("products")

    def __str__(self) -> str:
        return self.brand


class Indication(models.Model):
    code = models.SlugField(_("code"), max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=120)
    short_name = models.CharField(_("short name"), max_length=60)
    kind = models.CharField(_("kind"), max_length=12, choices=[(k.value, k.value.title()) for k in IndicationKind])
    min_age_years = models.PositiveSmallIntegerField(_("minimum age"), null=True, blank=True)
    muscles = models.JSONField(_("muscles"), default=list, blank=True)
    sites = models.JSONField(_("usual sites"), default=list, blank=True)
    needs_before = models.JSONField(_("needed before"), default=list, blank=True)
    outcome_measures = models.JSONField(_("outcome measures"), default=list, blank=True)
    source = models.TextField(_("source"))
    unverified = models.JSONField(_("not verified"), default=list, blank=True)
    is_active = models.BooleanField(_("treated here"), default=True)
    contact_plan = models.ForeignKey(
        "ContactPlan",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="indications",
        verbose_name=_("contact plan"),
        help_text=_("None: the usual one."),
    )
    injectors = models.ManyToManyField(
        Practitioner,
        blank=True,
        related_name="indications",
        verbose_name=_("who may inject it"),
        help_text=_("None: everybody who injects here."),
    )

    class Meta:
        ordering = ("name", "pk")
        verbose_name = _("indication")
        verbose_name_plural = _("indications")

    def __str__(self) -> str:
        return self.short_name


def in_effect(day: date) -> Q:
    """The versions of a rule that are in effect on a day."""
    return Q(effective_from__lte=day) & (Q(effective_until__isnull=True) | Q(effective_until__gt=day))


class Rule(models.Model):
    """A versioned row. A change closes the row and adds a new one, so that a past treatment keeps its rule.

    `shipped` is the fingerprint of the delivered values; "" marks the clinic's own, stricter version.
    """

    effective_from = models.DateField(_("in effect from"))
    effective_until = models.DateField(_("until"), null=True, blank=True)
    shipped = models.CharField(max_length=64, blank=True, editable=False)
    source = models.TextField(_("source"))
    verified = models.BooleanField(_("verified"), default=False)
    note = PlainTextField(_("note"), blank=True)

    class Meta:
        abstract = True


class Schedule(Rule):
    """When the effect of one indication usually asks for the next visit."""

    indication = models.ForeignKey(Indication, on_delete=models.PROTECT, related_name="schedules")
    kind = models.CharField(_("kind"), max_length=12, choices=[(k.value, k.value.title()) for k in ScheduleKind])
    effect_low = models.PositiveSmallIntegerField(_("window opens after"))
    effect_high = models.PositiveSmallIntegerField(_("window closes after"))
    effect_unit = models.CharField(_("unit"), max_length=6, choices=LENGTH_UNITS)
    lapse_after_months = models.PositiveSmallIntegerField(_("lapses after months"), default=12)
    touch_up_from_days = models.PositiveSmallIntegerField(_("touch-up from day"), default=7)
    touch_up_to_days = models.PositiveSmallIntegerField(_("touch-up to day"), default=28)

    class Meta:
        ordering = ("indication", "-effective_from", "pk")
        verbose_name = _("schedule")
        verbose_name_plural = _("schedules")

    def __str__(self) -> str:
        return f"{self.indication}: {self.effect_low}-{self.effect_high} {self.effect_unit}"


class Licence(Rule):
    """What holds here for one product in one indication; without a product: for any product without its own row."""

    product = models.ForeignKey(Product, on_delete=models.PROTECT, null=True, blank=True, related_name="licences")
    indication = models.ForeignKey(Indication, on_delete=models.PROTECT, related_name="licences")
    licensed = models.BooleanField(_("licensed here"), default=False)
    min_interval = models.PositiveSmallIntegerField(_("minimum interval"))
    min_interval_unit = models.CharField(_("unit"), max_length=6, choices=LENGTH_UNITS)
    min_age_years = models.PositiveSmallIntegerField(_("minimum age"), null=True, blank=True)
    max_units_per_session = models.DecimalField(
        _("most units in a session"), max_digits=7, decimal_places=2, null=True, blank=True
    )
    max_units_per_site = models.DecimalField(
        _("most units at a site"), max_digits=7, decimal_places=2, null=True, blank=True
    )
    typical_units_low = models.DecimalField(
        _("usual units from"), max_digits=7, decimal_places=2, null=True, blank=True
    )
    typical_units_high = models.DecimalField(_("usual units to"), max_digits=7, decimal_places=2, null=True, blank=True)
    sites = models.PositiveSmallIntegerField(_("sites"), null=True, blank=True)
    units_per_site = models.DecimalField(_("units per site"), max_digits=7, decimal_places=2, null=True, blank=True)
    condition = models.TextField(_("condition"), blank=True)

    class Meta:
        ordering = ("indication", "product", "-effective_from", "pk")
        verbose_name = _("licence")
        verbose_name_plural = _("licences")

    def __str__(self) -> str:
        return f"{self.product or _('any product')}, {self.indication}: {self.length}"

    @property
    def length(self) -> Length:
        return Length(self.min_interval, LengthUnit(self.min_interval_unit))


class DoseLimit(Rule):
    """At most so many units of one unit system in a rolling window; without a window: in one session."""

    code = models.SlugField(_("code"), max_length=80)
    unit_system = models.CharField(_("unit system"), max_length=40)
    units = models.DecimalField(_("most units"), max_digits=7, decimal_places=2)
    window = models.PositiveSmallIntegerField(_("within"), null=True, blank=True)
    window_unit = models.CharField(_("unit"), max_length=6, choices=LENGTH_UNITS, blank=True)
    indications = models.ManyToManyField(Indication, blank=True, verbose_name=_("only these indications"))

    class Meta:
        ordering = ("code", "-effective_from", "pk")
        verbose_name = _("dose limit")
        verbose_name_plural = _("dose limits")

    def __str__(self) -> str:
        return f"{self.code}: {self.units}"


class Contraindication(Rule):
    """A reason not to treat or to take care. Applies to everything, or where any of its three lists matches."""

    code = models.SlugField(_("code"), max_length=60)
    name = models.CharField(_("name"), max_length=160)
    short_name = models.CharField(_("short name"), max_length=60)
    severity = models.CharField(
        _("effect"), max_length=10, choices=[(s.value, s.value.replace("_", " ")) for s in Severity]
    )
    products = models.JSONField(_("only these products"), default=list, blank=True)
    indications = models.JSONField(_("only these indications"), default=list, blank=True)
    kinds = models.JSONField(_("only these kinds"), default=list, blank=True)
    time_limited = models.BooleanField(_("passes"), default=True)
    review_after_days = models.PositiveSmallIntegerField(_("ask again after days"), null=True, blank=True)
    review_after = models.CharField(_("ask again after"), max_length=120, blank=True)
    raised_by_hand = models.BooleanField(_("raised as a flag"), default=True)
    question = PlainCharField(_("safety question"), max_length=200, blank=True)
    next_step = models.TextField(_("next step"), blank=True)

    class Meta:
        ordering = ("code", "-effective_from", "pk")
        verbose_name = _("contraindication")
        verbose_name_plural = _("contraindications")

    def __str__(self) -> str:
        return self.short_name


class AdverseEventKind(models.Model):
    code = models.SlugField(_("code"), max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=160)
    serious = models.BooleanField(_("serious"), default=False)
    escalate = models.TextField(_("escalate when"), blank=True)
    onset_days = models.JSONField(_("onset, days"), default=list, blank=True)
    resolution_days = models.JSONField(_("resolution, days"), default=list, blank=True)
    source = models.TextField(_("source"))
    unverified = models.JSONField(_("not verified"), default=list, blank=True)

    class Meta:
        ordering = ("name", "pk")
        verbose_name = _("adverse-event kind")
        verbose_name_plural = _("adverse-event kinds")

    def __str__(self) -> str:
        return self.name


class OutcomeMeasure(models.Model):
    code = models.SlugField(_("code"), max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=200)
    minimum = models.DecimalField(_("lowest"), max_digits=8, decimal_places=2, null=True, blank=True)
    maximum = models.DecimalField(_("highest"), max_digits=8, decimal_places=2, null=True, blank=True)
    better = models.CharField(_("better is"), max_length=10, blank=True)
    indications = models.JSONField(_("indications"), default=list, blank=True)
    source = models.TextField(_("source"))
    unverified = models.JSONField(_("not verified"), default=list, blank=True)

    class Meta:
        ordering = ("name", "pk")
        verbose_name = _("outcome measure")
        verbose_name_plural = _("outcome measures")

    def __str__(self) -> str:
        return self.name


class CatalogueState(models.Model):
    """One row: a token that changes with every change of a rule, so that a process can keep its rule book."""

    token = models.CharField(max_length=32)

    def __str__(self) -> str:
        return self.token
