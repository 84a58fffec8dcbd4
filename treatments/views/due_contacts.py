"""What came of a call, logged from the call list by one press; closing a course; a due window set by hand."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from clinic.formats import day, moment, short_day
from clinic.permissions import needs
from treatments.forms.contacts import ContactForm, WindowForm
from treatments.forms.layout import put_errors
from treatments.models import ContactAttempt, Course
from treatments.models.contact import OUTCOME_LABELS, WAY_LABELS
from treatments.queries.due_beside import since_treatment
from treatments.queries.staff import staff_names
from treatments.rules.calls import BACK_AFTER, ENOUGH
from treatments.rules.vocabulary import Outcome, Way
from treatments.services import contacts, due_dates
from treatments.services.stale import Stale
from treatments.views import stale
from treatments.views.due_last import offered
from treatments.views.due_panel import Place, of_row
from treatments.views.once import once
from treatments.views.rows import phone_link
from treatments.views.visit_forms import person


@require_http_methods(["GET", "HEAD", "POST"])
@needs("treatments.add_contactattempt")
@of_row
def contact(request: HttpRequest, place: Place) -> HttpResponse:
    """What came of the call, by one press. The contacts since the last treatment stand beside."""
    on = timezone.localdate()
    form = ContactForm(request.POST or None, on=on)
    if request.method == "POST" and form.is_valid():
        try:
            return _logged(place, form)
        except ValidationError as error:
            _put(form, error)
    found, context = since_treatment(place.course), {}
    context = {
        "form": form,
        "contacts": _lines(found),
        "enough": _("%(n)d attempts made.") % {"n": len(found)} if len(found) >= ENOUGH else "",
        "last": offered(place) if len(found) >= ENOUGH else None,
        "phone": phone_link(place.course.patient.phone),
        "quick": [(each.value, OUTCOME_LABELS[each], _back(each)) for each in BACK_AFTER],
        "contact_url": place.url("due_contact"),
        "course_close_url": place.url("due_close"),
    }
    said = {"who": place.course.patient.list_name}
    status = 422 if form.errors else 200
    return place.panel("due/_contact.html", context, heading=_("Log contact, %(who)s") % said, status=status)


def _back(outcome: Outcome) -> str:
    return _("back in %(n)d days") % {"n": BACK_AFTER[outcome].days}


def _lines(found: list[ContactAttempt]) -> list[str]:
    """09-Jul-2026 10:12, telephone: no answer, T. Lin."""
    names = staff_names({each.by for each in found}) if found else {}
    return [
        _("%(when)s, %(way)s: %(what)s, %(who)s%(why)s")
        % {
            "when": moment(each.at),
            "way": str(WAY_LABELS[Way(each.way)]).lower(),
            "what": str(OUTCOME_LABELS[Outcome(each.outcome)]).lower(),
            "who": names[each.by],
            "why": f" ({each.reason})" if each.reason else "",
        }
        for each in found
    ]


def _put(form: ContactForm, error: ValidationError) -> None:
    """The effect is noted by another name."""
    if hasattr(error, "error_dict") and "worn_off_on" in error.error_dict:
        form.add_error("gone_on", error.error_dict.pop("worn_off_on"))
    put_errors(form, error)


def _logged(place: Place, form: ContactForm) -> HttpResponse:
    said, on = form.cleaned_data, timezone.localdate()
    outcome = Outcome(said["outcome"])
    log = partial(
        contacts.log,
        place.course,
        outcome=outcome,
        way=Way(said["way"] or Way.PHONE),
        until=said["until"] if outcome == Outcome.NOT_NOW else None,
        reason=form.why() if outcome == Outcome.NOT_NOW else "",
        worn_off_on=said["gone_on"] if said["effect"] == "gone" else None,
        still_working_on=on if said["effect"] == "still" else None,
        by=person(place.request).username,
        at=timezone.now(),
    )
    attempt = once(place.request, log, url=place.back)
    patient = place.course.patient
    words = {
        "who": patient.list_name,
        "what": str(OUTCOME_LABELS[outcome]).lower(),
        "day": day(attempt.snoozed_until),
        "number": patient.phone,
    }
    sentence = {
        Outcome.STOP: _("%(who)s: reminders stopped. Nobody calls about them any more."),
        Outcome.WRONG_NUMBER: _("%(who)s: the number was wrong and is taken off the record."),
    }.get(outcome, _("%(who)s: %(what)s. Back on the list on %(day)s."))
    return place.done(sentence % words, undo_url=place.url("due_contact_undo"), attempt=attempt.pk)


@require_POST
@needs("treatments.change_contactattempt")
@of_row
def undo(request: HttpRequest, place: Place) -> HttpResponse:
    """Take the contact back that was logged a moment ago."""
    number = request.POST.get("attempt", "")
    attempt = place.course.attempts.filter(pk=int(number)).first() if number.isdecimal() and len(number) < 19 else None
    if attempt is None:
        raise Http404
    try:
        contacts.undo(attempt, by=person(request).username, at=timezone.now())
    except ValidationError as error:
        return place.problem(" ".join(error.messages))
    return place.done(_("The contact was taken back."))


@require_POST
@needs("treatments.add_contactattempt")
@of_row
def close(request: HttpRequest, place: Place) -> HttpResponse:
    """Nobody calls for this course until its next treatment; `reopen` lets it run again."""
    verb = contacts.reopen if "reopen" in request.POST else contacts.close
    try:
        course = verb(place.course, by=person(request).username, at=timezone.now())
    except ValidationError as error:
        return place.problem(" ".join(error.messages))
    said = {"who": place.course.patient.list_name, "what": place.course.indication.short_name.lower()}
    if course.stopped_on is None:
        return place.done(_("%(who)s: %(what)s is called again.") % said)
    words = _("%(who)s: %(what)s is closed until the next treatment.") % said
    return place.done(words, undo_url=place.url("due_close"), reopen=1)


# ---- a due window set by hand ----


@require_http_methods(["GET", "HEAD", "POST"])
@needs("treatments.add_contactattempt")
@of_row
def more(request: HttpRequest, place: Place) -> HttpResponse:
    """Set the due window by hand, or use the computed one again; the way to the patient's page."""
    course = place.course
    form = WindowForm(request.POST or None, initial=_window(course))
    if request.method == "POST" and "computed" in request.POST:
        due_dates.use_computed(course, by=person(request).username, at=timezone.now())
        return place.done(_("%(who)s: the computed window holds again.") % {"who": course.patient.list_name})
    if request.method == "POST" and form.is_valid():
        try:
            return _set(place, form.cleaned_data)
        except Stale as error:
            form.add_error(None, _("Somebody changed this course meanwhile. Look at it again, then set the day."))
            form.data = stale.newest(request.POST, error.now.version)
        except ValidationError as error:
            put_errors(form, error)
    context = {
        "form": form,
        "set_by_hand": _set_words(course),
        "computed": _computed_words(course),
        "window_url": place.url("due_more"),
    }
    said = {"who": course.patient.list_name, "what": course.indication.short_name.lower()}
    heading = _("%(who)s, %(what)s") % said
    return place.panel("due/_more.html", context, heading=heading, status=422 if form.errors else 200)


def _window(course: Course) -> dict[str, Any]:
    return {"due_from": course.due_from, "due_until": course.due_until, "version": course.version}


def _set(place: Place, said: dict[str, Any]) -> HttpResponse:
    course = due_dates.set_window(
        place.course,
        due_from=said["due_from"],
        due_until=said["due_until"],
        reason=said["reason"],
        by=person(place.request).username,
        at=timezone.now(),
        version=said["version"],
    )
    words = {"who": course.patient.list_name, "from": day(course.due_from), "until": day(course.due_until)}
    sentence = _("%(who)s: due %(from)s to %(until)s, until the next full treatment.")
    return place.done(sentence % words, undo_url=place.url("due_more"), label=_("Use computed"), computed=1)


def _computed_words(course: Course) -> str:
    if course.due_from is None:
        return ""
    return _("Computed: %(from)s to %(until)s. Earliest day: %(earliest)s.") % {
        "from": day(course.computed_from or course.due_from),
        "until": day(course.computed_until or course.due_until),
        "earliest": day(course.earliest_on),
    }


def _set_words(course: Course) -> str:
    if not course.is_set_by_hand or course.set_at is None:
        return ""
    return _("Set to %(from)s to %(until)s by %(who)s on %(day)s: %(why)s.") % {
        "from": short_day(course.set_from),
        "until": day(course.set_until),
        "who": staff_names({course.set_by})[course.set_by],
        "day": day(timezone.localtime(course.set_at).date()),
        "why": course.set_reason,
    }
