"""What is missing before a needle: every gap of a visit, the first one first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinic.formats import day
from treatments.queries.diary import Visit
from treatments.rules.findings import Finding, cautions
from treatments.rules.vocabulary import AppointmentState
from treatments.services.courses import not_overridden
from treatments.views.rows import address_of

ARRIVED = (AppointmentState.ARRIVED, AppointmentState.CHECKED, AppointmentState.IN_ROOM)


class Gap(NamedTuple):
    """Sign, word, line below, and the page on which it can be mended."""

    state: str
    words: str
    sub: str
    url: str


def gaps(visit: Visit, *, today: date) -> list[Gap]:
    """All that stands between a live visit and the needle; a consultation needs to know only who has come."""
    a, state = visit.appointment, AppointmentState(visit.appointment.state)
    own = address_of("visit")(a.public_id)
    found = []
    if standing := not_overridden(a, visit.findings):
        found.append(Gap("blocked", _("Blocked"), in_short(standing), own))
    elif state == AppointmentState.ON_HOLD:
        found.append(Gap("on_hold", _("On hold"), _("nothing stands against it now"), own))
    at_desk = state == AppointmentState.ARRIVED and a.on == today
    desk = address_of("visit_check_in")(a.public_id) if at_desk else ""
    if a.is_treatment:
        found += _questions(visit, desk)
        found += _consent(visit, desk)
    if state in ARRIVED and a.checked_at is None:
        found.append(Gap("not_asked", _("Identity not checked"), "", desk or own))
    if state in ARRIVED and a.identity_note:
        found.append(Gap("caution", _("Identity not confirmed"), a.identity_note, own))
    if a.is_treatment and state in ARRIVED and a.on == today:
        found += _asked_again(visit)
    return found


def first(visit: Visit, *, today: date) -> Gap:
    """The first gap; where there is none, whether cautions have to be read."""
    careful, own = cautions(visit.findings), address_of("visit")(visit.appointment.public_id)
    for gap in gaps(visit, today=today):
        return gap if gap.sub else gap._replace(sub=in_short(careful))
    return Gap("caution", _("Caution"), in_short(careful), own) if careful else Gap("clear", _("Ready"), "", own)


def _questions(visit: Visit, desk: str) -> list[Gap]:
    a, (asked, asked_on) = visit.appointment, visit.answers
    url = desk or address_of("safety")(a.patient.public_id)
    if asked == "not_asked":
        return [Gap("not_asked", _("Questions not asked"), "", url)]
    if asked == "out_of_date" and asked_on:
        days = (a.on - asked_on).days
        return [Gap("out_of_date", _("Questions out of date (%(days)d days)") % {"days": days}, "", url)]
    if unsettled := [f for f in visit.findings if f.unknown]:
        return [Gap("cannot_tell", _("Answer to settle"), in_short(unsettled), url)]
    return []


def _consent(visit: Visit, desk: str) -> list[Gap]:
    if visit.consent.holds:
        return []
    url = desk or address_of("patient_consent")(visit.appointment.patient.public_id)
    said = {"day": day(visit.consent.signed_on), "days": settings.CLINIC_CONSENT_VALID_DAYS}
    sub = _("signed %(day)s, over %(days)d days before") % said if visit.consent.signed_on else ""
    return [Gap("not_asked", _("Consent missing"), sub, url)]


def _asked_again(visit: Visit) -> list[Gap]:
    """Nothing is injected on answers of another day."""
    a, (asked, asked_on) = visit.appointment, visit.answers
    if asked != "asked" or asked_on is None or asked_on == a.on or a.checked_at is None:
        return []
    days = (a.on - asked_on).days
    words = ngettext("Ask again (%(days)d day)", "Ask again (%(days)d days)", days) % {"days": days}
    return [Gap("out_of_date", words, "", address_of("safety")(a.patient.public_id))]


def in_short(found: Sequence[Finding]) -> str:
    """The first finding in its own words, and how many more there are."""
    if not found:
        return ""
    more = len(found) - 1
    said = found[0].sentence.rstrip(".")
    return said + (" " + ngettext("and %(n)d more", "and %(n)d more", more) % {"n": more} if more else "")
