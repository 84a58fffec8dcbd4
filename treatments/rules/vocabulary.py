"""Coded words of the field. Models reuse them as choices; the values are stored, the labels are shown."""

from __future__ import annotations

from enum import StrEnum


class Severity(StrEnum):
    """What a finding does. The order of the members is the order of weight."""

    HARD_STOP = "hard_stop"  # no override by anyone
    SOFT_STOP = "soft_stop"  # a prescriber may override, for one visit, with a reason
    CAUTION = "caution"  # must be acknowledged by the injector
    INFORM = "inform"  # shown

    @property
    def weight(self) -> int:
        """0 is the heaviest."""
        return list(Severity).index(self)

    @property
    def is_stop(self) -> bool:
        return self in (Severity.HARD_STOP, Severity.SOFT_STOP)


class VerdictState(StrEnum):
    CLEAR = "clear"
    CAUTION = "caution"
    BLOCKED = "blocked"
    CANNOT_TELL = "cannot_tell"


class Band(StrEnum):
    """Where a course stands on a day. Never stored: always a comparison with the day asked for."""

    TOO_SOON = "too_soon"
    POSSIBLE = "possible"
    DUE = "due"
    OVERDUE = "overdue"
    LAPSED = "lapsed"
    ON_HOLD = "on_hold"
    NEEDS_REVIEW = "needs_review"
    STOPPED = "stopped"


class TreatmentKind(StrEnum):
    FULL = "full"
    TOUCH_UP = "touch_up"


class ScheduleKind(StrEnum):
    WINDOW = "window"  # due while the effect usually wears off
    FIXED = "fixed"  # due on a fixed day, never moved by experience
    EXAMINATION = "examination"  # an examination is due, not a repeat


class IndicationKind(StrEnum):
    AESTHETIC = "aesthetic"
    THERAPEUTIC = "therapeutic"


class Jurisdiction(StrEnum):
    UK = "UK"
    EU = "EU"
    US = "US"


class AppointmentState(StrEnum):
    """The states of a visit in this order of a day; `on_hold` keeps the time but is not confirmed as safe."""

    BOOKED = "booked"
    ON_HOLD = "on_hold"
    ARRIVED = "arrived"
    DONE = "done"
    MISSED = "missed"
    CANCELLED = "cancelled"

    @property
    def is_live(self) -> bool:
        """True while the visit takes up its time: nobody else can have it."""
        return self in (AppointmentState.BOOKED, AppointmentState.ON_HOLD, AppointmentState.ARRIVED)


class Answer(StrEnum):
    """A patient's answer to one safety question."""

    NO = "no"
    YES = "yes"
    NOT_SURE = "not_sure"


class Side(StrEnum):
    NONE = ""
    LEFT = "left"
    RIGHT = "right"
