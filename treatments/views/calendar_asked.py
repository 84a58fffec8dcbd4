"""What the address of a calendar page asks for, and the addresses of the pages around it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from treatments.forms.layout import FIRST_DAY, LAST_DAY
from treatments.models import Appointment
from treatments.rules.vocabulary import AppointmentState
from treatments.views import calendar_move

_WEEK = re.compile(r"(\d{4})-W(\d{2})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Asked:
    """`moving`: the visit that is being moved; `over`: why one that was asked for is not."""

    now: datetime
    by_room: bool
    who: int | None
    moving: Appointment | None
    over: str
    carried: dict[str, str]

    @property
    def today(self) -> date:
        return timezone.localtime(self.now).date()

    @property
    def but(self) -> int | None:
        """The number of the visit that is being moved."""
        return self.moving.pk if self.moving else None

    def day(self, on: date, **changed: str) -> str:
        return _address("calendar_day", on.isoformat(), self.carried | changed)

    def week(self, on: date, **changed: str) -> str:
        carried = {name: value for name, value in (self.carried | changed).items() if name != "by"}
        return _address("calendar_week", week_name(on), carried)


def asked(request: HttpRequest) -> Asked:
    by_room, who = request.GET.get("by") == "room", number(request.GET.get("with", ""))
    moving, over = _moving(request)
    carried = {
        "by": "room" if by_room else "",
        "with": str(who or ""),
        "move": moving.public_id if moving else "",
    }
    return Asked(timezone.now(), by_room, who, moving, over, carried)


def _moving(request: HttpRequest) -> tuple[Appointment | None, str]:
    """The visit of ?move=, or why it cannot be moved any more."""
    if not (public_id := request.GET.get("move", "")):
        return None, ""
    if not request.user.has_perm("treatments.change_appointment"):
        raise PermissionDenied(_("Moving a visit is for those who may change visits."))
    visit = get_object_or_404(calendar_move.visits(), public_id=public_id.upper())
    if AppointmentState(visit.state).is_live:
        return visit, ""
    said = {"who": visit.patient.list_name, "state": str(visit.get_state_display()).lower()}
    return None, _("The visit of %(who)s is %(state)s and can no longer be moved.") % said


def _address(name: str, place: str, words: dict[str, str]) -> str:
    rest = urlencode({key: value for key, value in words.items() if value})
    return reverse(name, args=[place]) + (f"?{rest}" if rest else "")


def number(text: str) -> int | None:
    """The number of a practitioner or room in an address, None for none; what is no number leads nowhere."""
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise Http404
    return int(text)


def week_name(on: date) -> str:
    """2026-W29, as ISO counts weeks."""
    year, week, _weekday = on.isocalendar()
    return f"{year}-W{week:02}"


def day_of(text: str) -> date:
    """The day of an address, 2026-07-14 and nothing else."""
    try:
        on = date.fromisoformat(text)
    except ValueError:
        raise Http404 from None
    if on.isoformat() != text or not FIRST_DAY <= on <= LAST_DAY:
        raise Http404
    return on


def monday_of(text: str) -> date:
    """The first day of the week of an address."""
    if not (found := _WEEK.fullmatch(text)):
        raise Http404
    try:
        monday = date.fromisocalendar(int(found[1]), int(found[2]), 1)
    except ValueError:
        raise Http404 from None
    if not FIRST_DAY <= monday <= LAST_DAY:
        raise Http404
    return monday
