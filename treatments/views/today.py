"""The day sheet: who comes today, who is ready, and the next step for each; as a list or as a board."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from clinic.backends import read_roles
from clinic.formats import clock
from clinic.models import Practitioner
from clinic.permissions import needs
from treatments.forms.due import DayChoice
from treatments.queries import confirmations, diary
from treatments.queries.diary import Visit
from treatments.queries.staff import staff_names
from treatments.views.frames import is_fragment
from treatments.views.privacy import PRIVATE_FOR, PRIVATE_UNTIL, is_private
from treatments.views.returns import asked_return
from treatments.views.today_page import here, sheet
from treatments.views.today_rows import Shown
from treatments.views.visit_steps import Able

MARKED_FOR = timedelta(minutes=2)  # a row that somebody else changed stays marked that long


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Where a person's day begins: the day sheet, for auditors the due list."""
    only_reads = read_roles(request.user)[0] == ["auditor"]  # type: ignore[arg-type]
    return redirect("due" if only_reads else "today")


@require_safe
@needs("treatments.view_appointment")
def today(request: HttpRequest) -> HttpResponse:
    """All visits of `?date=` (today without it), of `?who=` or of everyone; `?view=board` as cards.

    The page asks for itself again every 20 seconds: while nothing has changed the answer is 304.
    """
    now = timezone.now()
    today = timezone.localtime(now).date()
    names = dict(Practitioner.objects.filter(is_active=True).order_by("name", "pk").values_list("name", "user"))
    mine = next((name for name, user in names.items() if user == request.user.pk), "")
    form = DayChoice(request.GET, today=today.isoformat(), practitioners=names, mine=mine)
    form.is_valid()
    day = form.cleaned_data.get("date") or today
    who = form.cleaned_data.get("who", "")
    board, private = request.GET.get("view") == "board", is_private(request, now)
    waiting = confirmations.waiting()
    stamp = f'"{diary.stamp(day, clock(now), today, who, board, private, waiting, request.user.pk)}"'
    if is_fragment(request) and request.headers.get("If-None-Match") == stamp:
        return _fresh(HttpResponseNotModified(), stamp, now)
    whose = mine if who == "me" else who
    visits = diary.visits(day, today=today, practitioner=whose)
    held = diary.held_after(day, practitioner=whose) if day == today else []
    since = max(_moment(request.GET.get("since"), now), now - MARKED_FOR)
    shown = Shown(
        day,
        now,
        Able.of(request.user),
        get_token(request),
        here(day, who, board=board),
        private=private,
        changed=_changed(request, visits, since),
    )
    context = sheet(shown, visits, held, who=who, board=board) | {
        "form": form,
        "stamp": stamp,
        "waiting": waiting,
        "again": f"{shown.here}&since={_seconds(request, now)}&drawn={int(now.timestamp())}",
    }
    answer = render(request, "today/_sheet.html" if is_fragment(request) else "today/day.html", context)
    drawn = _moment(request.GET.get("drawn"), now)
    answer["X-Changes"] = str(
        sum(_by_another(request, visit) and visit.appointment.state_at > drawn for visit in visits)
    )
    return _fresh(answer, stamp, now)


def _fresh(answer: HttpResponse, stamp: str, now: datetime) -> HttpResponse:
    """What the page's own script reads; nothing of it stays in the browser."""
    answer["ETag"], answer["X-Updated"] = stamp, clock(now)
    answer["Cache-Control"], answer["Vary"] = "no-store, private", "HX-Request, Cookie"
    return answer


# ---- who else was at work ----


def _by_another(request: HttpRequest, visit: Visit) -> bool:
    return visit.appointment.state_by != request.user.get_username()


def _changed(request: HttpRequest, visits: list[Visit], since: datetime) -> dict[str, str]:
    """The visits that others have changed since then, and who."""
    theirs = [v.appointment for v in visits if v.appointment.state_at > since and _by_another(request, v)]
    people = staff_names({a.state_by for a in theirs}) if theirs else {}
    return {a.public_id: people[a.state_by] for a in theirs}


def _moment(text: str | None, now: datetime) -> datetime:
    """Seconds since 1970 as the page wrote them; what cannot be read is now."""
    if not text or not text.isascii() or not text.isdigit() or len(text) > 10:
        return now
    return min(datetime.fromtimestamp(int(text), tz=now.tzinfo), now)


def _seconds(request: HttpRequest, now: datetime) -> int:
    """When the page was opened."""
    return int(_moment(request.GET.get("since"), now).timestamp())


@require_POST
@needs("treatments.view_appointment")
def privacy(request: HttpRequest) -> HttpResponse:
    """Names to initials and back."""
    now = timezone.now()
    if is_private(request, now):
        del request.session[PRIVATE_UNTIL]
    else:
        request.session[PRIVATE_UNTIL] = (now + PRIVATE_FOR).timestamp()
    return redirect(asked_return(request) or "today")
