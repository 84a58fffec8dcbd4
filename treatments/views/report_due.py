"""Are there enough free times for the people whose window opens? By week, against the hours."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from clinic.formats import short_day
from clinic.models import Practitioner
from treatments.queries import report_due
from treatments.queries.due_tabs import Filters
from treatments.queries.report_due import Ahead, Week
from treatments.rules.vocabulary import Band
from treatments.views.charts import WeekBar, bars_chart
from treatments.views.report_frame import Asked, Column, Picture, Report, Table, n_people

QUESTION = gettext_lazy("Will there be a free time for everybody who becomes due?")
DEFINITION = (
    gettext_lazy(
        "Due: people without a booked visit whose window opens in that week, each counted once, in the week in "
        "which the first of their windows opens; whoever is due by today stands in a table of their own. Nobody "
        "on hold, stopped, or with a record to be looked at is counted."
    ),
    gettext_lazy(
        "Free: how many visits of the usual length still fit beside one another into the working hours of that "
        "week, preparation included. Of people and rooms, whatever runs out first decides. The week of today "
        "counts from now on."
    ),
    gettext_lazy(
        "The usual length is that of the kind of treatment booked most in the last 90 days. With an injector "
        "chosen: people whom they treated last, and their own free times."
    ),
)


def build(asked: Asked) -> Report:
    injector = asked.scope.injector
    filters = Filters(indication=asked.scope.indication, practitioner=injector)
    number = Practitioner.objects.filter(name=injector).values_list("pk", flat=True).first() if injector else None
    found = report_due.ahead(asked.on, asked.at, n_weeks=asked.weeks, filters=filters, practitioner=number)
    answer = _answer(found)
    bars = [WeekBar(_name(week), week.due, week.free) for week in found.weeks]
    keys = (_("People whose window opens"), _("Free times, number under the week"))
    chart = bars_chart(bars, ref="due-weeks", title=str(QUESTION), sentence=answer, keys=keys)
    return Report(
        answer,
        pictures=[Picture("components/charts/bars.html", chart)],
        tables=[_weeks(found), _waiting(found)],
        notes=[_("A free time is %(n)d minutes, preparation included.") % {"n": found.minutes}],
    )


def _name(week: Week) -> str:
    return _("W%(number)02d") % {"number": week.monday.isocalendar().week}


def _answer(found: Ahead) -> str:
    total, free = sum(week.due for week in found.weeks), sum(week.free for week in found.weeks)
    short = next((week for week in found.weeks if week.due > week.free), None)
    waiting = sum(found.waiting.values())
    if short:
        said = _("Week %(number)d: %(due)d due, %(free)d free.") % {
            "number": short.monday.isocalendar().week,
            "due": short.due,
            "free": short.free,
        }
    elif total:
        said = _(
            "Yes: each of these %(weeks)d weeks has enough free times, %(free)d in all for %(people)s who become due."
        )
        said = said % {"weeks": len(found.weeks), "free": free, "people": n_people(total)}
    else:
        said = _("Nobody's window opens in this time; %(free)d times are free.") % {"free": free}
    if not waiting:
        return said
    more = ngettext(
        "%(people)s is due already and has no visit.", "%(people)s are due already and have no visit.", waiting
    )
    return f"{said} {more % {'people': n_people(waiting)}}"


def _weeks(found: Ahead) -> Table:
    columns = [
        Column(_("Week")), Column(_("Days")), Column(_("Become due"), True), Column(_("Free times"), True),
        Column(_("Too few by"), True),
    ]  # fmt: skip
    rows: list[list] = [
        [_name(week), f"{short_day(week.monday)} – {short_day(week.monday + timedelta(days=6))}", week.due, week.free,
         max(0, week.due - week.free) or None]
        for week in found.weeks
    ]  # fmt: skip
    return Table("weeks", _("By week"), columns, rows, folded=True)


def _waiting(found: Ahead) -> Table:
    labels = {Band.DUE: _("Due"), Band.OVERDUE: _("Overdue"), Band.LAPSED: _("Lapsed")}
    rows: list[list] = [[labels[band], number] for band, number in found.waiting.items()]
    return Table("waiting", _("Due already, without a visit"), [Column(_("Band")), Column(_("People"), True)], rows)
