"""The questions that can be asked, in the order of the index, and who may ask them."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.models import AnonymousUser

from clinic.models import User
from treatments.views import (
    report_contacts,
    report_due,
    report_duration,
    report_intervals,
    report_on_time,
    report_overrides,
    report_quality,
    report_retention,
)
from treatments.views.report_frame import Kind

EVERYBODY, CLINIC = "treatments.view_course", "treatments.view_closedmonth"

KINDS = {
    kind.slug: kind
    for kind in (
        Kind("due", report_due.QUESTION, report_due.build, report_due.DEFINITION,
             fields=("weeks", "indication", "injector"), permission=EVERYBODY),
        Kind("retention", report_retention.QUESTION, report_retention.build, report_retention.DEFINITION, usual_days=3 * 365),
        Kind("intervals", report_intervals.QUESTION, report_intervals.build, report_intervals.DEFINITION),
        Kind("on-time", report_on_time.QUESTION, report_on_time.build, report_on_time.definition()),
        Kind("duration", report_duration.QUESTION, report_duration.build, report_duration.DEFINITION, usual_days=3 * 365),
        Kind("overrides", report_overrides.QUESTION, report_overrides.build, report_overrides.definition(),
             fields=("first", "last", "by", "rule"), permission="treatments.view_visitoverride", usual_days=90),
        Kind("contacts", report_contacts.QUESTION, report_contacts.build, report_contacts.definition(),
             fields=("first", "last", "indication"), permission=EVERYBODY, usual_days=90),
        Kind("data-quality", report_quality.QUESTION, report_quality.build, report_quality.DEFINITION, fields=(), own=False),
    )
}  # fmt: skip


def may_ask(user: User | AnonymousUser, kind: Kind) -> bool:
    """True for whoever may see the figures of the clinic, and for injectors about their own work."""
    return user.has_perm(kind.permission) or (kind.own and user.has_perm("treatments.add_treatment"))


def of(user: User | AnonymousUser) -> Iterable[Kind]:
    """The questions that somebody may ask."""
    return [kind for kind in KINDS.values() if may_ask(user, kind)]


def sees_names(user: User | AnonymousUser) -> bool:
    """True for those who work with the patients: an auditor sees every figure and no name."""
    return user.has_perm("treatments.change_patient")


def own(user: User | AnonymousUser, kind: Kind) -> str | None:
    """The injector whose figures alone somebody may see; None for everybody's, "" where they are no injector here.

    Due people and contacts are everybody's work.
    """
    if user.has_perm(CLINIC) or kind.permission == EVERYBODY:
        return None
    practitioner = getattr(user, "practitioner", None)
    return practitioner.name if practitioner else ""
