"""The day sheet: who comes today, who is ready, and the next step for each."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from clinic.backends import read_roles
from clinic.formats import clock, long_day
from clinic.models import Practitioner
from clinic.permissions import needs
from treatments.forms.due import DayChoice
from treatments.queries import diary, due
from treatments.queries.diary import Visit
from treatments.rules.vocabulary import AppointmentState
from treatments.views.today_rows import OVER, Able, DayRows


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Where a person's day begins: the day sheet, for auditors the due list."""
    only_reads = read_roles(request.user)[0] == ["auditor"]  # type: ignore[arg-type]
    return redirect("due" if only_reads else "today")


@require_safe
@needs("treatments.view_appointment")
def today(request: HttpRequest) -> HttpResponse:
    """All visits of `?date=` (today without it), of `?who=` or of everyone."""
    now = timezone.now()
    today = timezone.localtime(now).date()
    names = dict(Practitioner.objects.filter(is_active=True).order_by("name", "pk").values_list("name", "user"))
    mine = next((name for name, user in names.items() if user == request.user.pk), "")
    form = DayChoice(request.GET, today=today.isoformat(), practitioners=names, mine=mine)
    form.is_valid()
    day = form.cleaned_data.get("date") or today
    who = form.cleaned_data.get("who", "")
    visits = diary.visits(day, today=today, practitioner=mine if who == "me" else who)
    user = request.user
    able = Able(
        mark=user.has_perm("treatments.change_appointment"),
        treat=user.has_perm("treatments.add_treatment"),
        book=user.has_perm("treatments.add_appointment"),
    )
    rows = DayRows(day=day, now=now, able=able, token=get_token(request), here=_here(day, who))
    expected = [visit for visit in visits if visit.appointment.state not in OVER]
    gone = [visit for visit in visits if visit.appointment.state in OVER]
    context = {
        "form": form,
        "heading": long_day(day),
        "day": day.isoformat(),
        "is_today": day == today,
        "urls": _urls(day, today, who),
        "totals": _totals(visits),
        "updated": clock(now),
        "rows": rows.html(expected) if visits else "",
        "gone": rows.gone(gone),
        "due_label": "" if visits else _see_who_is_due(today),
    }
    return render(request, "today/day.html", context)


def _here(day: date, who: str) -> str:
    asked = urlencode({"date": day.isoformat(), **({"who": who} if who else {})})
    return f"{reverse('today')}?{asked}"


def _urls(day: date, today: date, who: str) -> dict[str, str]:
    return {
        "before": _here(day - timedelta(days=1), who),
        "after": _here(day + timedelta(days=1), who),
        "today": _here(today, who),
    }


def _see_who_is_due(today: date) -> str:
    numbers = due.counts(today, due.Filters())
    waiting = numbers[due.NOW.slug][0] + numbers[due.OVERDUE.slug][0]
    return _("See who is due (%(n)d)") % {"n": waiting}


def _totals(visits: list[Visit]) -> list[tuple[int, str]]:
    """14 visits, 3 arrived, 6 done, 1 missed: what is none is left out."""
    states: dict[str, Any] = Counter(visit.appointment.state for visit in visits)
    words = {
        AppointmentState.ON_HOLD: _("on hold"),
        AppointmentState.ARRIVED: _("arrived"),
        AppointmentState.DONE: _("done"),
        AppointmentState.MISSED: _("missed"),
        AppointmentState.CANCELLED: _("cancelled"),
    }
    number = len(visits) - states[AppointmentState.CANCELLED]
    noun = ngettext("visit", "visits", number)
    return [(number, noun), *((states[state], said) for state, said in words.items() if states[state])]
