"""Pieces that repeat within a page, written in Python: a loop in a template costs several times as much."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from django import template
from django.utils.html import escape, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

register = template.Library()

_MARKS = {
    "treated": '<circle class="mark-treated" cy="31" r="7"/>',
    "return": '<path class="mark-return" d="M0 16V26"/>',
    "today": '<path class="mark-today" d="M0 16V60"/><path class="mark-today-head" d="M-4.5 16h9L0 22Z"/>',
    "booked": '<path class="mark-booked" d="M0 42-8.5 31a9.5 9.5 0 1 1 17 0Z"/>'
    '<path class="mark-booked-tick" d="M-4 26.5-1 29.5 4.5 23.5"/>',
}

_DAY = re.compile(r"\b\d\d-[A-Z][a-z]{2}-\d{4}\b")
_DECIDED = ' class="decided"'


@register.filter
def whole_days(words: str) -> SafeString:
    """The sentence with its days kept on one line: a browser may break them after a hyphen."""
    return SafeString(_DAY.sub(r'<span class="nowrap">\g<0></span>', escape(words)))


@register.simple_tag
def due_picture(bar: Any) -> SafeString:
    """The inside of components/due_bar.html; places and class names come from the geometry, words are escaped."""
    areas = "".join(
        f'<rect class="seg seg-{s.cls}" x="{s.x}%" y="20" width="{s.width}%" height="22"/>' for s in bar.segments
    )
    marks = "".join(f'<svg x="{mark.x}%" overflow="visible">{_MARKS[mark.kind]}</svg>' for mark in bar.marks)
    labels = format_html_join("", '<text x="{}%" y="56">{}</text>', ((s.x, s.label) for s in bar.segments if s.label))
    ticks = format_html_join(
        "", '<text x="{}%" y="13" text-anchor="{}">{}</text>', ((tick.x, tick.anchor, tick.label) for tick in bar.ticks)
    )
    named = format_html_join(
        "",
        '<text class="text-{}" x="{}%" y="72" text-anchor="{}">{}</text>',
        ((mark.kind, mark.x, mark.anchor, mark.label) for mark in bar.marks if mark.label),
    )
    return SafeString(areas + _bracket(bar) + marks + labels + ticks + named)


def _bracket(bar: Any) -> str:
    """The patient's own range above the bar, with a dot on the likely day."""
    if bar.bracket is None:
        return ""
    x, width, best_x = bar.bracket
    ends = "".join(
        f'<svg x="{at}%" overflow="visible"><path class="bracket-end" d="M0 16V21"/></svg>' for at in (x, x + width)
    )
    dot = f'<svg x="{best_x}%" overflow="visible"><circle class="bracket-dot" cy="17" r="4"/></svg>'
    return f'<rect class="bracket" x="{x}%" y="16" width="{width}%" height="2"/>{ends}{dot}'


@register.simple_tag
def facts_table(rows: Iterable[tuple[str, str]]) -> SafeString:
    """Label and value, a row each."""
    return _html(f'<tr><th scope="row">{escape(label)}</th><td>{escape(value)}</td></tr>' for label, value in rows)


@register.simple_tag
def reason_lines(reasons: Iterable[dict[str, Any]]) -> SafeString:
    """The items of components/reasons.html."""
    decided, unverified = f" <strong>{_('This one decided.')}</strong>", f" · <strong>{_('not yet verified')}</strong>"
    return _html(
        f'<li{_DECIDED if row["decided"] else ""}><span class="reason-date">{escape(row["date"])}</span> '
        f"<span>{escape(row['label'])}{decided if row['decided'] else ''} "
        f'<span class="reason-rule">{escape(_rule(row))}{unverified if row["unverified"] else ""}</span></span></li>'
        for row in reasons
    )


def _rule(row: dict[str, Any]) -> str:
    parts = (str(row["rule"]), f"{_('Source:')} {row['source']}" if row["source"] else "")
    return " · ".join(part for part in parts if part)


def _html(parts: Iterable[str]) -> SafeString:
    return SafeString("".join(parts))


# ---- what was done ----

_SIGN = '<svg class="sign" aria-hidden="true"><use href="#sign-{}"/></svg>'


@register.simple_tag
def treatment_lines(treatments: Iterable[dict[str, Any]]) -> SafeString:
    """The rows of patients/_treatments.html."""
    areas, product, injector, remarks = _("Areas and units"), _("Product and lot"), _("Injector"), _("Remarks")
    return _html(
        f'<tr><th scope="row"><span class="row-name nowrap"><a href="{escape(row["url"])}">'
        f'<span{_struck(row)}>{escape(row["day"])}</span></a></span><span class="row-sub">{escape(row["kind"])}</span></th>'
        f'<td data-label="{areas}">{_areas(row)}</td><td data-label="{product}">{_product(row)}</td>'
        f'<td data-label="{injector}">{escape(row["injector"])}</td><td data-label="{remarks}">{_remarks(row)}</td></tr>'
        for row in treatments
    )


def _struck(row: dict[str, Any]) -> str:
    return ' class="struck"' if row["voided"] else ""


def _areas(row: dict[str, Any]) -> str:
    struck = " struck" if row["voided"] else ""
    return "".join(
        f"<span{_struck(row)}>{escape(given['name'])} <strong>{escape(given['units'])}</strong></span>"
        f'<span class="row-sub{struck}">{escape(given["sites"])}</span>'
        for given in row["courses"]
    )


def _product(row: dict[str, Any]) -> str:
    known = f"<span{_struck(row)}>{escape(row['brand'])}</span>"
    brand = known if row["brand"] else f'<span class="quiet">{_("not known")}</span>'
    return f'{brand}<span class="row-sub mono">{escape(row["lot"])}</span>' if row["lot"] else brand


def _remarks(row: dict[str, Any]) -> str:
    if row["voided"]:
        return f"<strong>{_('Voided:')}</strong> {escape(row['void_reason'])}"
    said = ""
    if row["sub_standard"]:
        said += _chip("caution", _("Sub-standard dose"))
    if row["incident"]:
        said += _chip("warning", _("Incident"))
    if row["n_warnings"]:
        spoken = f'<span class="visually-hidden">, {escape(row["day"])}</span>'
        said += f'<a href="{escape(row["url"])}">{escape(row["warnings"])}{spoken}</a>'
    return said


def _chip(sign: str, words: str) -> str:
    return f'<span class="chip chip-caution">{_SIGN.format(sign)}<span>{words}</span></span> '
