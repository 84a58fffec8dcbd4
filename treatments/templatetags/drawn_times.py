"""The month and the free times of a day, written in Python: a loop in a template costs several times as much."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString

register = template.Library()
_ALONE = ' hx-swap-oob="true"'


@register.simple_tag
def month_weeks(month: Any, turn_url: str) -> SafeString:
    """The rows of the table in booking/_month.html."""
    rows = ("".join(_cell(cell, turn_url) for cell in week) for week in month.weeks)
    return SafeString("".join(f"<tr>{row}</tr>" for row in rows))


def _cell(cell: Any, turn_url: str) -> str:
    if cell is None:
        return "<td></td>"
    marks = (
        f"month-{cell.mark}" if cell.mark else "",
        "month-chosen" if cell.chosen else "",
        "month-today" if cell.today else "",
    )
    return f'<td class="{" ".join(filter(None, marks))}">{month_day(cell, turn_url)}</td>'


@register.simple_tag
def month_day(cell: Any, turn_url: str, alone: bool = False) -> SafeString:
    """A day with the number of its free times; `alone`: it takes the place of the one in the page's month."""
    number = f'<span class="month-number">{cell.number}</span>'
    word = f'<span class="month-word">{escape(cell.word)}</span>'
    if cell.n is None:
        return SafeString(f'<span class="month-day">{number} {word}</span>')
    none, current = "" if cell.n else " month-none", ' aria-current="date"' if cell.chosen else ""
    return SafeString(
        f'<button class="month-day" name="use_day" value="{cell.on}" id="day-{cell.on}" aria-label="{escape(cell.name)}"'
        f'{current} hx-get="{escape(turn_url)}"{_ALONE if alone else ""}>{number} '
        f'<span class="month-times{none}">{escape(cell.n_words)}</span> {word}</button>'
    )


@register.simple_tag
def day_parts(day: Any, picked: str, focus: bool = False) -> SafeString:
    """The free times of a day by its parts; with `focus` the first of them takes it."""
    drawn: list[str] = []
    for part, free in day.parts:
        times = "".join(
            _time(time, picked, of_anyone=day.of_anyone, focus=bool(focus) and not drawn and n == 0)
            for n, time in enumerate(free)
        )
        drawn.append(f'<fieldset class="day-part"><legend>{escape(part)}</legend>{times}</fieldset>')
    return SafeString("".join(drawn))


def _time(time: Any, picked: str, *, of_anyone: bool, focus: bool) -> str:
    checked, first = " checked" if time.value == picked else "", " autofocus" if focus else ""
    who = f'<span class="day-who">{escape(time.who)}</span>' if of_anyone else ""
    return (
        f'<label class="day-time"><input class="form-check-input" type="radio" name="slot" id="slot-{time.value}"'
        f' value="{time.value}"{checked}{first}><span>{escape(time.clock)}{who}</span></label>'
    )
