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
    CHECKED = "checked"
    IN_ROOM = "in_room"
    DONE = "done"
    MISSED = "missed"
    CANCELLED = "cancelled"

    @property
    def is_live(self) -> bool:
        """True while the visit is still to come or under way: it can be moved, held and cancelled."""
        return self in (*GOING_AHEAD, AppointmentState.ON_HOLD)

    @property
    def takes_time(self) -> bool:
        """True while nobody else can have its time: a visit that is done keeps it too."""
        return self.is_live or self == AppointmentState.DONE


GOING_AHEAD = (
    AppointmentState.BOOKED,
    AppointmentState.ARRIVED,
    AppointmentState.CHECKED,
    AppointmentState.IN_ROOM,
)
"""The states in which the clinic means to treat: none of them may stand on a day under a hard stop."""

_ON = AppointmentState
TRANSITIONS: dict[AppointmentState, tuple[AppointmentState, ...]] = {
    _ON.BOOKED: (_ON.ON_HOLD, _ON.ARRIVED, _ON.DONE, _ON.MISSED, _ON.CANCELLED),
    _ON.ON_HOLD: (_ON.BOOKED, _ON.DONE, _ON.MISSED, _ON.CANCELLED),
    _ON.ARRIVED: (_ON.BOOKED, _ON.ON_HOLD, _ON.CHECKED, _ON.DONE, _ON.CANCELLED),
    _ON.CHECKED: (_ON.ARRIVED, _ON.ON_HOLD, _ON.IN_ROOM, _ON.DONE, _ON.CANCELLED),
    _ON.IN_ROOM: (_ON.CHECKED, _ON.ON_HOLD, _ON.DONE, _ON.CANCELLED),
    _ON.DONE: (_ON.BOOKED, _ON.ARRIVED, _ON.CHECKED, _ON.IN_ROOM),
    _ON.MISSED: (_ON.BOOKED,),
    _ON.CANCELLED: (_ON.BOOKED, _ON.ON_HOLD),
}
"""What a visit may become. A new visit is booked or, after a merge or an import, on hold."""


class Answer(StrEnum):
    """A patient's answer to one safety question."""

    NO = "no"
    YES = "yes"
    NOT_SURE = "not_sure"


class Side(StrEnum):
    NONE = ""
    LEFT = "left"
    RIGHT = "right"


class Anchor(StrEnum):
    """The date of a course from which a reminder is counted."""

    DUE_FROM = "due_from"
    DUE_UNTIL = "due_until"


class Way(StrEnum):
    """How a patient was reached."""

    PHONE = "phone"
    SMS = "sms"
    EMAIL = "email"
    LINK = "link"
    DESK = "desk"


class Outcome(StrEnum):
    """What came of a contact about a course."""

    NO_ANSWER = "no_answer"
    LEFT_MESSAGE = "left_message"
    WILL_CALL = "will_call"
    NOT_NOW = "not_now"
    STOP = "stop"
    WRONG_NUMBER = "wrong_number"


class MessageState(StrEnum):
    WAITING = "waiting"  # not before its time, or to be tried again
    CLAIMED = "claimed"  # one worker is sending it
    SENT = "sent"  # the provider has taken it
    FAILED = "failed"  # it will not be tried again
    UNCERTAIN = "uncertain"  # nobody knows whether the provider has it; a person decides
    DROPPED = "dropped"  # no longer true when its time came


class Reply(StrEnum):
    """What the patient said about a visit, beside its state."""

    NONE = ""
    COMING = "coming"
    NOT_COMING = "not_coming"
    ANOTHER_TIME = "another_time"


class Wish(StrEnum):
    """What a patient asks reception for."""

    ANOTHER_TIME = "another_time"
    CANNOT_COME = "cannot_come"
    A_TIME = "a_time"  # nothing is booked yet
    CALL = "call"
    ANSWERS = "answers"  # a safety question that needs a talk
    WORDS = "words"  # a text message that is neither yes, no nor stop


class LearnedDuration(StrEnum):
    """What the clinic does with what a patient's own effect teaches."""

    OFF = "off"
    SUGGEST = "suggest"  # shown beside the usual window, which rules
    APPLY = "apply"  # sets the window


class CourseDuration(StrEnum):
    """What staff decided for one course about it."""

    CLINIC = ""  # as the clinic does
    OFF = "off"  # the usual window
    PINNED = "pinned"  # the days that were pinned, whatever is learned later
