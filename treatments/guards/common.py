"""What the guards of both engines go by: the states of a visit, the columns that stay, the rules in words."""

from __future__ import annotations

from treatments.rules.vocabulary import GOING_AHEAD, TRANSITIONS, AppointmentState


def _list(words: object) -> str:
    return ", ".join(f"'{word}'" for word in words)  # type: ignore[attr-defined]


TAKING_TIME = _list(state.value for state in AppointmentState if state.takes_time)
AHEAD = _list(state.value for state in GOING_AHEAD)
BEGINS_AS = _list((AppointmentState.BOOKED.value, AppointmentState.ON_HOLD.value))
MAY_BECOME = _list(f"{old.value}>{new.value}" for old, later in TRANSITIONS.items() for new in later)

HELD_BY = "database"
HELD_REASON = "Held: a stop is in force on this day."
LONGEST_HOURS = 8
FIRST_BIRTH, FIRST_DAY, LAST_DAY = "1890-01-01", "1900-01-01", "2200-01-01"  # the last one is the first too late
MOST_UNITS = 30000
ADULT = 18  # no cosmetic use before, whatever a licence says

# What the visits of one practitioner, room and patient cannot share.
ONCE = {
    "visit_practitioner_once": "practitioner_id",
    "visit_room_once": "room_id",
    "visit_patient_once": "patient_id",
}


def no_reason(treatment: str) -> str:
    """True where nothing says why this treatment was given early: not itself, no prescriber for its visit and day."""
    return f"""{treatment}.incident_reason = '' AND NOT {treatment}.elsewhere AND NOT EXISTS (
         SELECT 1 FROM treatments_visitoverride d
          WHERE d.appointment_id = {treatment}.appointment_id AND d."on" = {treatment}.performed_on
            AND CAST(d.rules AS text) LIKE '%interval%')"""


# The columns that never change; a column of these tables that is not named here may.
STAYS = {
    "treatments_safetyanswer": ("id", "kind", "answer", "answered_on", "asked_by"),
    "treatments_consent": ("id", "signed_on", "recorded_by", "recorded_at"),
    "treatments_flag": ("id", "public_id", "kind", "starts_on", "raised_by", "raised_at"),
    "treatments_treatment": (
        "id", "public_id", "performed_on", "not_before_on", "kind", "product_id", "lot_number", "lot_expires_on",
        "practitioner_id", "sub_standard", "elsewhere", "note", "signed_by", "signed_at", "amends_id", "source_key",
    ),
    "treatments_coursetreatment": ("id", "treatment_id", "units", "licence_id"),
}  # fmt: skip
# The columns that may be filled once and stay from then on.
FILLED_ONCE = {
    "treatments_treatment": ("appointment_id", "voided_by", "voided_at", "void_reason"),
    "treatments_coursetreatment": ("repeat_from", "previous_until"),
}
# What the patient said of an effect, or what was seen of it: it may be said again.
SAID_OF_EFFECT = ("worn_off_on", "still_working_on", "seen_gone_on")

SAYS = {
    "visit_practitioner_once": "A practitioner has one visit at a time.",
    "visit_room_once": "A room holds one visit at a time.",
    "visit_patient_once": "A patient has one visit at a time.",
    "visit_hard_stop": "No visit goes ahead on a day on which a hard stop of its patient is in force.",
    "visit_course_hard_stop": "A visit takes on no course that a hard stop of its patient forbids on its day.",
    "flag_holds": "A flag holds every visit that it forbids.",
    "patient_holds": "A change of birth or death holds every visit that it forbids.",
    "treatment_interval": "A full treatment before the minimum interval carries its own reason.",
    "treatment_patient": "A treatment gives to courses of its own patient.",
    "visit_transition": "A visit changes its state step by step and is never deleted.",
    "audit_append_only": "The audit trail is only added to.",
    "override_append_only": "Overrides are only added.",
    "month_append_only": "The figures of a month that has closed are only added.",
    "answer_append_only": "Answers to the safety questions are only added.",
    "consent_kept": "A consent is withdrawn, never edited or deleted.",
    "flag_kept": "A flag is ended or entered in error, never rewritten or deleted.",
    "treatment_kept": "A signed treatment is voided or amended by a new one, never edited or deleted.",
    "given_kept": "What a treatment gave to a course is never edited or deleted.",
    "injection_kept": "An injection is never edited or deleted.",
    "visit_shape": "A visit has whole minutes, at most eight hours, and the day of its time.",
    "flag_shape": "A flag has real dates.",
    "patient_shape": "A patient has real dates.",
    "treatment_shape": "A treatment has real dates.",
    "given_shape": "Units are a number above 0 and at most 30000 with two decimals, dates are real.",
    "injection_shape": "An injection has a site, and units above 0 and at most 30000 with two decimals.",
}
