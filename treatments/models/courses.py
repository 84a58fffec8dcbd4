"""Courses: patient and indication, with the forecast that the rules computed."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from clinic.models import Practitioner
from treatments.models.catalogue import Indication
from treatments.models.fields import PlainCharField, PlainTextField
from treatments.models.flags import Flag
from treatments.models.patients import Patient
from treatments.rules.vocabulary import Band, CourseDuration


class CourseQuerySet(models.QuerySet["Course"]):
    """Bands are comparisons with the day asked for; each method is one line of `intervals.band_on`."""

    def stopped(self, day: date) -> CourseQuerySet:
        return self.filter(closed_on__lte=day)

    def running(self, day: date) -> CourseQuerySet:
        return self.filter(Q(closed_on__isnull=True) | Q(closed_on__gt=day))

    def on_hold(self, day: date) -> CourseQuerySet:
        return self.running(day).filter(blocked(day))

    def needs_review(self, day: date) -> CourseQuerySet:
        return self.running(day).filter(_free(day)).exclude(doubt="")

    def callable(self, day: date) -> CourseQuerySet:
        """Courses that the dates alone decide: running, not on hold, nothing doubtful."""
        return self.running(day).filter(_free(day), doubt="")

    def in_band(self, band: Band, day: date) -> CourseQuerySet:
        """The courses of one band on a day."""
        if band in (Band.STOPPED, Band.ON_HOLD, Band.NEEDS_REVIEW):
            return {Band.STOPPED: self.stopped, Band.ON_HOLD: self.on_hold, Band.NEEDS_REVIEW: self.needs_review}[band](
                day
            )
        return self.callable(day).filter(band_dates(band, day))


def band_dates(band: Band, day: date) -> Q:
    """The comparison of stored dates that makes a band, for courses that the dates alone decide."""
    not_due = Q(due_from__gt=day) | Q(due_from__isnull=True)
    return {
        Band.LAPSED: Q(lapsed_from__lte=day),
        Band.OVERDUE: Q(overdue_from__lte=day, lapsed_from__gt=day),
        Band.DUE: Q(due_from__lte=day, overdue_from__gt=day),
        Band.POSSIBLE: Q(earliest_on__lte=day) & not_due,
        Band.TOO_SOON: Q(earliest_on__gt=day) & not_due,
    }[band]


def blocked(day: date) -> Q:
    """A block is in force. Only where the last one has not ended by the day are they looked at one by one."""
    return Q(blocked_until__gt=day) & Q(_in_force(day))


def _free(day: date) -> Q:
    return Q(blocked_until__isnull=True) | Q(blocked_until__lte=day) | ~Q(_in_force(day))


def _in_force(day: date) -> Exists:
    return Exists(CourseBlock.objects.in_force(day).filter(course=OuterRef("pk")))


_CALL = (
    "closed_on", "blocked_until", "booked_until", "snoozed_until", "rebook_since", "opted_out", "doubt", "indication",
    "last_injector",
)  # fmt: skip
_IN_BANDS = Q(doubt="", opted_out=False, rebook_since__isnull=True)
_BLOCKED = Q(blocked_until__isnull=False)


class Course(models.Model):
    """Patient and indication. Its dates are rewritten in the transaction of every fact they depend on."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="courses")
    indication = models.ForeignKey(Indication, on_delete=models.PROTECT, related_name="courses")
    earliest_on = models.DateField(_("earliest"))
    due_from = models.DateField(_("due from"), null=True)
    due_until = models.DateField(_("due until"), null=True)
    overdue_from = models.DateField(_("overdue from"), null=True)
    lapsed_from = models.DateField(_("lapsed from"), null=True)
    last_treated_on = models.DateField(_("last full treatment"), null=True)
    last_effective_on = models.DateField(_("last with full effect"), null=True)
    product = models.SlugField(_("last product"), max_length=60, blank=True)
    units = models.DecimalField(_("last units"), max_digits=7, decimal_places=2, null=True)
    reasons = models.JSONField(_("reasons"), default=list)
    doubt = models.TextField(_("to be looked at"), blank=True)
    stopped_on = models.DateField(_("stopped"), null=True, blank=True)
    stopped_reason = PlainTextField(_("why it was stopped"), blank=True)
    # set by a person: it stands beside the computed window until the next full treatment
    set_from = models.DateField(_("due from, set by hand"), null=True, blank=True)
    set_until = models.DateField(_("due until, set by hand"), null=True, blank=True)
    set_reason = PlainCharField(_("why it was set"), max_length=200, blank=True)
    set_by = models.CharField(_("set by"), max_length=150, blank=True)
    set_at = models.DateTimeField(_("set"), null=True, blank=True)
    set_cycle_on = models.DateField(null=True, blank=True)  # the last full treatment when it was set
    computed_from = models.DateField(_("due from, computed"), null=True)
    computed_until = models.DateField(_("due until, computed"), null=True)
    # what the effect teaches: the estimate as plain values, and what staff decided about it
    learned = models.JSONField(_("learned duration"), default=dict, blank=True)
    duration_mode = models.CharField(
        _("learned duration"), max_length=6, blank=True, choices=[(m.value, m.value) for m in CourseDuration]
    )
    pinned_low_days = models.PositiveSmallIntegerField(_("pinned: window opens after days"), null=True, blank=True)
    pinned_high_days = models.PositiveSmallIntegerField(_("pinned: window closes after days"), null=True, blank=True)
    # for the call list: kept from other rows, and compared with the day asked for
    snoozed_until = models.DateField(_("back on the list on"), null=True, blank=True)
    closed_on = models.DateField(null=True, editable=False)  # stopped, or the patient's death
    blocked_until = models.DateField(null=True, editable=False)  # the end of the last block; 9999-12-31: open
    booked_until = models.DateField(null=True, editable=False)  # the day of the last visit that is booked
    held_until = models.DateField(null=True, editable=False)  # the day of the last visit on hold
    rebook_since = models.DateField(null=True, editable=False)  # cancelled or missed, and nothing booked since
    opted_out = models.BooleanField(default=False, editable=False)
    last_injector = models.ForeignKey(
        Practitioner, on_delete=models.PROTECT, null=True, editable=False, db_index=False, related_name="+"
    )  # of the last full treatment
    call_rank = models.PositiveSmallIntegerField(default=3, editable=False)  # whom to call first, by reason
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = CourseQuerySet.as_manager()

    class Meta:
        ordering = ("patient", "indication", "pk")
        verbose_name = _("course")
        verbose_name_plural = _("courses")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["patient", "indication"], name="course_once"),
            models.CheckConstraint(
                condition=Q(set_from__isnull=True, set_until__isnull=True, set_at__isnull=True, set_by="")
                | (
                    Q(
                        set_from__isnull=False,
                        set_until__isnull=False,
                        set_until__gte=F("set_from"),
                        set_at__isnull=False,
                    )
                    & ~Q(set_by="")
                ),
                name="course_set_date_is_whole",
            ),
            models.CheckConstraint(
                condition=(
                    ~Q(duration_mode=CourseDuration.PINNED.value)
                    | Q(
                        pinned_low_days__isnull=False,
                        pinned_high_days__isnull=False,
                        pinned_high_days__gte=F("pinned_low_days"),
                    )
                ),
                name="course_pinned_is_whole",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["due_from", "overdue_from", "id"], name="course_due"),
            models.Index(fields=["overdue_from", "lapsed_from", "id"], name="course_overdue"),
            models.Index(fields=["lapsed_from", "id"], name="course_lapsed"),
            models.Index(fields=["id"], condition=~Q(doubt=""), name="course_in_doubt"),
            models.Index(fields=["blocked_until", "id", "closed_on"], condition=_BLOCKED, name="course_blocked"),
            # the call list: each of these holds all that a tab asks, so that it is read from the index alone
            models.Index(fields=["call_rank", "due_from", "id", *_CALL], condition=_IN_BANDS, name="call_soon"),
            models.Index(
                fields=["call_rank", "overdue_from", "id", "due_from", "lapsed_from", *_CALL],
                condition=_IN_BANDS,
                name="call_due",
            ),
            models.Index(fields=["call_rank", "lapsed_from", "id", *_CALL], condition=_IN_BANDS, name="call_lapsed"),
            models.Index(
                fields=["call_rank", "rebook_since", "id", *(name for name in _CALL if name != "rebook_since")],
                condition=Q(doubt="", opted_out=False, rebook_since__isnull=False),
                name="call_rebook",
            ),
            models.Index(
                fields=["snoozed_until", "id", "closed_on", "blocked_until", "booked_until", "opted_out", "doubt"],
                condition=Q(doubt="", opted_out=False, snoozed_until__isnull=False),
                name="call_snoozed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.patient_id} {self.indication_id}"

    @property
    def is_set_by_hand(self) -> bool:
        """True while a window that a person set holds: until a full treatment later than the one it was set after."""
        return bool(self.set_cycle_on and self.last_treated_on and self.last_treated_on <= self.set_cycle_on)


class CourseBlockQuerySet(models.QuerySet["CourseBlock"]):
    def in_force(self, day: date) -> CourseBlockQuerySet:
        return self.filter(starts_on__lte=day).filter(Q(ends_on__isnull=True) | Q(ends_on__gt=day))


class CourseBlock(models.Model):
    """A stop from a flag that bears on a course; written with the course's dates, never by hand."""

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="blocks")
    flag = models.ForeignKey(Flag, on_delete=models.CASCADE, related_name="blocks")
    label = models.CharField(max_length=60)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True)

    objects = CourseBlockQuerySet.as_manager()

    class Meta:
        ordering = ("starts_on", "pk")
        constraints: ClassVar = [models.UniqueConstraint(fields=["course", "flag"], name="block_once")]
        indexes: ClassVar = [models.Index(fields=["course", "starts_on", "ends_on"], name="block_of_course")]

    def __str__(self) -> str:
        return f"{self.label} {self.starts_on}"
