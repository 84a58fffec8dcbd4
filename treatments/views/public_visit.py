"""A patient's own page: when and where, the answer to it, another time, the calendar file; or what is due."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.http import Http404, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinic.formats import patient_clock, patient_day
from treatments.forms.links import BirthForm
from treatments.models import Appointment, PatientRequest
from treatments.queries import free_times
from treatments.queries.free_times import Wanted
from treatments.rules.vocabulary import AppointmentState, Reply, Way, Wish
from treatments.services import links, patient_answers, replies
from treatments.views.calendar_file import calendar_file
from treatments.views.public import Visitor, after_birth, patient_page, prove
from treatments.views.public_stop import stop_page

_AFTER_BIRTH = ("link_change", "link_questions")
_DUE_WISHES = (Wish.A_TIME.value, Wish.CALL.value)


@require_safe
@patient_page
def home(visitor: Visitor) -> HttpResponse:
    """What the message was about. Without the date of birth no name, and nobody who treats."""
    visit = visitor.link.appointment
    if visit:
        return visitor.page("visit", _visit(visitor, visit))
    if visitor.link.purpose == links.STOP:
        return stop_page(visitor.request, visitor.text, visitor.link)
    asked = PatientRequest.objects.filter(
        patient=visitor.link.patient, appointment=None, wish__in=_DUE_WISHES, handled_at__isnull=True
    )
    return visitor.page("due", {"asked": _wished(visitor, asked.order_by("-at").first())})


@require_http_methods(["GET", "HEAD", "POST"])
@patient_page
def birth(visitor: Visitor) -> HttpResponse:
    """The date of birth, once. Five wrong ones close it."""
    wanted = visitor.request.GET.get("next", "")
    form = BirthForm(visitor.request.POST if visitor.request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        if links.prove(visitor.link, form.cleaned_data["born_on"], at=visitor.at):
            return prove(visitor, visitor.go(wanted if wanted in _AFTER_BIRTH else "link"))
        form.add_error("day", _("Date of birth does not match. Check it, or call us."))
    elif visitor.link.failed_tries >= links.TRIES:
        raise links.TooManyTries
    return visitor.page("birth", {"form": form}, status=422 if form.errors else 200)


@require_POST
@patient_page
def confirm(visitor: Visitor) -> HttpResponse:
    """One press, also without the date of birth."""
    return _reply(visitor, Reply.COMING)


@require_POST
@patient_page
def decline(visitor: Visitor) -> HttpResponse:
    """One press; it can be taken back until the visit, because only staff cancel."""
    return _reply(visitor, Reply.NOT_COMING)


@require_http_methods(["GET", "HEAD", "POST"])
@patient_page
@after_birth
def change(visitor: Visitor) -> HttpResponse:
    """Free times to choose from. What is chosen is a wish: reception moves the visit or books it."""
    visit = visitor.link.appointment
    wanted = free_times.of_visit(visit) if visit else free_times.of_due(visitor.link.patient, on=_today(visitor))
    if visitor.request.method == "POST":
        chosen = _moment(visitor.request.POST.get("at", ""))
        if chosen is None or (wanted and free_times.is_free(wanted, chosen, at=visitor.at)):
            return _wish(visitor, chosen)
        return _times(visitor, wanted, gone=True)
    return _times(visitor, wanted)


@require_safe
@patient_page
def calendar(visitor: Visitor) -> HttpResponse:
    """The visit as a file for the patient's own calendar."""
    if visitor.link.appointment is None:
        raise Http404
    return calendar_file(visitor.link.appointment, at=visitor.at)


# ---- pieces ----


def _reply(visitor: Visitor, said: Reply, *, wished_at: datetime | None = None) -> HttpResponse:
    visit = visitor.link.appointment
    if visit is None:
        raise Http404
    replies.reply(visit, said, by=replies.PATIENT, at=visitor.at, way=Way.LINK, wished_at=wished_at)
    return visitor.go("link")


def _wish(visitor: Visitor, chosen: datetime | None) -> HttpResponse:
    if visitor.link.appointment:
        return _reply(visitor, Reply.ANOTHER_TIME, wished_at=chosen)
    wish = Wish.A_TIME if chosen else Wish.CALL
    replies.ask(visitor.link.patient, wish, at=visitor.at, way=Way.LINK, wished_at=chosen)
    return visitor.go("link")


def _times(visitor: Visitor, wanted: Wanted | None, *, gone: bool = False) -> HttpResponse:
    found = free_times.free_days(wanted, at=visitor.at) if wanted else []
    days = [
        {"day": patient_day(day.on, year=False), "times": [(t.isoformat(), patient_clock(t)) for t in day.times]}
        for day in found
    ]
    context = {"days": days, "visit": visitor.link.appointment, "gone": gone}
    return visitor.page("change", context, status=409 if gone else 200)


def _visit(visitor: Visitor, visit: Appointment) -> dict[str, Any]:
    """Without the date of birth nothing of the answers: that somebody has to call would tell what they were."""
    starts = timezone.localtime(visit.starts_at)
    sent = patient_answers.sent(visitor.link) if visitor.proven else None
    asked = visit.requests.filter(wish=Wish.ANOTHER_TIME, handled_at__isnull=True).first()
    return {
        "visit": visit,
        "day": patient_day(starts.date()),
        "time": patient_clock(starts),
        "place": visit.room.location,
        "with": visit.practitioner.name if visitor.proven else "",
        "open": visit.starts_at > visitor.at and visit.state in (AppointmentState.BOOKED, AppointmentState.ON_HOLD),
        "over": visit.starts_at <= visitor.at,
        "asks": visit.is_treatment,
        "asked": _wished(visitor, asked),
        "sent": patient_day(sent[0]) if sent else "",
        "talk": bool(sent and sent[1]),
    }


def _wished(visitor: Visitor, asked: PatientRequest | None) -> dict[str, str] | None:
    """What waits for reception; the time only for who has given the date of birth."""
    if asked is None:
        return None
    at = asked.wished_at if visitor.proven else None
    return {"day": patient_day(timezone.localtime(at).date(), year=False), "time": patient_clock(at)} if at else {}


def _today(visitor: Visitor) -> Any:
    return timezone.localtime(visitor.at).date()


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
        return found.astimezone(UTC) if found.tzinfo else None
    except (ValueError, OverflowError):  # no time, or one beyond the calendar
        return None
