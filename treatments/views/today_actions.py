"""The end of a row of the day sheet: one button for the next step, and the rest under More."""

from __future__ import annotations

from datetime import date, datetime
from typing import Protocol

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from treatments.queries.diary import Visit
from treatments.rules.vocabulary import AppointmentState
from treatments.views.visit_steps import Able, Step, steps


class Sheet(Protocol):
    @property
    def able(self) -> Able: ...
    @property
    def today(self) -> date: ...
    @property
    def now(self) -> datetime: ...
    @property
    def token(self) -> str: ...
    @property
    def here(self) -> str: ...


def actions(visit: Visit, sheet: Sheet, about: str) -> SafeString:
    """One form for the whole row: each button says by itself where it goes."""
    a = visit.appointment
    found = steps(visit, sheet.able, today=sheet.today, now=sheet.now)
    first = next((step for step in found if step.primary), None)
    rest = [step for step in found if step is not first]
    treating = a.state == AppointmentState.IN_ROOM and first is None
    if not found:
        return SafeString('<div class="row-actions"></div>')
    return format_html(
        '<form class="row-actions" method="post"><input type="hidden" name="csrfmiddlewaretoken" value="{}">'
        '<input type="hidden" name="version" value="{}"><input type="hidden" name="next" value="{}">{}{}{}</form>',
        sheet.token,
        a.version,
        sheet.here,
        control(first, about) if first else "",
        format_html('<span class="quiet nowrap">{}</span>', _("With injector")) if treating else "",
        _more(rest, about) if rest else "",
    )


def _more(rest: list[Step], about: str) -> SafeString:
    items = format_html_join("", "<li>{}</li>", ((control(step, "", plain=True),) for step in rest))
    return format_html(
        '<details class="menu row-more" data-menu><summary class="btn btn-sm">{}<span class="visually-hidden">, {}</span>'
        '</summary><div class="menu-panel"><ul class="menu-list">{}</ul></div></details>',
        _("More"),
        about,
        items,
    )


def control(step: Step, about: str, *, plain: bool = False) -> SafeString:
    """A button that does it, or a link to its page; in a row it names the patient for those who do not see the row."""
    words = format_html('{}<span class="visually-hidden">, {}</span>', step.label, about) if about else step.label
    css = "" if plain else SafeString(' class="btn btn-sm btn-outline-primary"')
    if not step.post:
        return format_html('<a{} href="{}">{}</a>', css, step.url, words)
    then = format_html(' name="then" value="{}"', step.then) if step.then else ""
    return format_html('<button{}{} formaction="{}">{}</button>', css, then, step.url, words)
