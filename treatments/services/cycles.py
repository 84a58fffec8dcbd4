"""What was said and sent since a full treatment goes with it, when the day on its record is put right."""

from __future__ import annotations

from datetime import date

from treatments.models import ContactAttempt, Course, Reminder, Treatment
from treatments.services import call_list


def carry_over(treatment: Treatment, *, was_on: date) -> None:
    """After the dates of its courses are new: they are still in the cycle that had begun on `was_on`, by its new day."""
    begun_on = treatment.performed_on
    if begun_on == was_on:
        return
    for course in Course.objects.filter(treatments__treatment=treatment, last_treated_on=begun_on):
        reminders = Reminder.objects.filter(course=course, cycle_on=was_on)
        taken = Reminder.objects.filter(course=course, cycle_on=begun_on, refused=False).values_list("step", flat=True)
        reminders.exclude(step__in=list(taken)).update(cycle_on=begun_on)
        ContactAttempt.objects.filter(course=course, cycle_on=was_on).update(cycle_on=begun_on)
    call_list.keep([treatment.patient_id])
