"""The report on overrides: who went on in spite of which rule, and why."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_safe

from clinic import audit
from clinic.formats import count, day, moment, safe_cell
from clinic.permissions import needs
from treatments.forms.overrides import OverrideFilters
from treatments.models import OverrideReason
from treatments.models.appointments import STATE_LABELS
from treatments.models.patients import list_name
from treatments.queries import overrides
from treatments.queries.overrides import OverrideRow
from treatments.queries.rulebook import rulebook
from treatments.queries.staff import staff_names
from treatments.rules.vocabulary import AppointmentState

USUAL_DAYS, AT_MOST = 90, 500
RULES = {
    "interval_not_elapsed": gettext_lazy("Minimum interval"),
    "interval_to_next_not_elapsed": gettext_lazy("Minimum interval to the next treatment"),
    "recent_toxin_elsewhere": gettext_lazy("Recent treatment elsewhere"),
    "under_age_therapeutic": gettext_lazy("Minimum age"),
    "session_limit_exceeded": gettext_lazy("Most units for one session"),
    "site_limit_exceeded": gettext_lazy("Most units for one site"),
}
COLUMNS = ("decided_at", "prescriber", "patient", "visit", "visit_on", "visit_state", "rules", "reason", "words")


@dataclass(frozen=True, slots=True)
class Asked:
    """The decisions that were asked for, and how people and rules are called."""

    form: OverrideFilters
    rows: list[OverrideRow]
    people: dict[str, str]
    rules: dict[str, str]

    def words(self, row: OverrideRow) -> str:
        return ", ".join(self.rules[code] for code in row.rules)


@require_safe
@needs("treatments.view_visitoverride")
def report(request: HttpRequest) -> HttpResponse:
    """The decisions of a range of days: how many, by whom, against which rule, and each of them."""
    asked = _asked(request)
    rows = asked.rows
    context = {
        "form": asked.form,
        "answer": _answer(asked),
        "line": {"count": count(len(rows), _("override"), _("overrides")), "rest": _rest(asked)},
        "people": [(asked.people[by], number) for by, number in overrides.by_person(rows)],
        "rules": [(asked.rules[code], number) for code, number in overrides.by_rule(rows)],
        "rows": [_line(row, asked) for row in rows[:AT_MOST]],
        "left_out": max(0, len(rows) - AT_MOST),
        "at_most": AT_MOST,
        "as_of": moment(timezone.now()),
        "csv_url": f"{reverse('overrides_csv')}?{request.GET.urlencode()}" if rows else "",
        "clear_url": reverse("overrides") if request.GET else "",
    }
    return render(request, "reports/overrides.html", context)


@require_safe
@needs("treatments.view_visitoverride")
def export(request: HttpRequest) -> HttpResponse:
    """The same as a CSV file; that somebody took it away is kept in the audit trail."""
    on, asked = timezone.localdate(), _asked(request)
    answer = HttpResponse("\ufeff", content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="overrides-{on.isoformat()}.csv"'
    lines = csv.writer(answer)
    lines.writerow(COLUMNS)
    for row in asked.rows:
        at = f"{timezone.localtime(row.at):%Y-%m-%d %H:%M}"
        cells = (at, asked.people[row.by], row.patient, row.visit, row.on.isoformat(), row.visit_state)
        lines.writerow(safe_cell(cell) for cell in (*cells, asked.words(row), row.reason, row.words))
    audit.record(
        "overrides.exported",
        request.user,  # type: ignore[arg-type]
        by=request.user.get_username(),
        at=timezone.now(),
        details={
            "rows": len(asked.rows),
            **{name: str(value or "") for name, value in asked.form.cleaned_data.items()},
        },
    )
    return answer


def _asked(request: HttpRequest) -> Asked:
    """What the address asks for; with days that cannot be, nothing."""
    on = timezone.localdate()
    form = OverrideFilters(request.GET, usual=(on - timedelta(days=USUAL_DAYS), on))
    form.is_valid()
    said = form.cleaned_data
    found = overrides.decided(said["first"], said["last"]) if "first" in said and "last" in said else []
    people, rules = staff_names({row.by for row in found}), _labels(found, on)
    form.put("by", sorted(people.items(), key=lambda pair: pair[1]))
    form.put("rule", sorted(rules.items(), key=lambda pair: pair[1]))
    form.full_clean()  # once more, with the choices there are
    chosen = {name: form.cleaned_data.get(name, "") for name in ("by", "rule")}
    return Asked(form, overrides.narrowed(found, **chosen), people, rules)


def _labels(rows: Iterable[OverrideRow], on: date) -> dict[str, str]:
    """Code -> the name of the rule."""
    known = rulebook(on).contraindications
    codes = {code for row in rows for code in row.rules}
    plain = {code: code.replace("_", " ").capitalize() for code in codes}
    return {
        code: str(RULES.get(code) or (known[code].short_name if code in known else words))
        for code, words in plain.items()
    }


def _answer(asked: Asked) -> str:
    """The question of the heading, answered in one sentence."""
    said = asked.form.cleaned_data
    if asked.form.errors:
        return ""
    n_people = len({row.by for row in asked.rows})
    number = ngettext("%(n)d override", "%(n)d overrides", len(asked.rows)) % {"n": len(asked.rows)}
    people = ngettext("%(n)d prescriber", "%(n)d prescribers", n_people) % {"n": n_people}
    days = {"first": day(said["first"]), "last": day(said["last"]), "number": number, "people": people}
    if not asked.rows:
        return _("No rule was overridden from %(first)s to %(last)s.") % days
    return _("%(number)s by %(people)s, from %(first)s to %(last)s.") % days


def _rest(asked: Asked) -> str:
    said = asked.form.cleaned_data
    narrowed = [asked.people.get(said.get("by", ""), ""), asked.rules.get(said.get("rule", ""), "")]
    return ", " + ", ".join([*(word for word in narrowed if word), _("latest first")])


def _line(row: OverrideRow, asked: Asked) -> dict[str, Any]:
    state = AppointmentState(row.visit_state)
    return {
        "at": moment(row.at),
        "by": asked.people[row.by],
        "patient": list_name(row.family_name, row.given_name),
        "public_id": row.patient,
        "patient_url": reverse("patient", args=[row.patient]),
        "on": day(row.on),
        "visit_url": reverse("visit", args=[row.visit]),
        "state": state.value,
        "state_label": STATE_LABELS[state],
        "rules": asked.words(row),
        "reason": OverrideReason(row.reason).label if row.reason in OverrideReason.values else row.reason,
        "words": row.words,
    }
