"""Rows -> plans that the gate can judge."""

from __future__ import annotations

from collections.abc import Iterable

from treatments.models import Appointment, Course
from treatments.rules.facts import Plan, PlannedDose


def of_appointment(appointment: Appointment) -> Plan:
    """The plan of a booked visit: its courses with the product booked for, else their last product."""
    return of_courses(appointment.courses.all(), product=appointment.product.code if appointment.product else "")


def of_courses(courses: Iterable[Course], *, product: str = "") -> Plan:
    """A visit for these courses. Units are those of the last full treatment while the product stays the same."""
    return Plan(tuple(_dose(course, product) for course in courses))


def _dose(course: Course, product: str) -> PlannedDose:
    same = not product or product == course.product
    return PlannedDose(course.indication.code, product or course.product, course.units if same else None)
