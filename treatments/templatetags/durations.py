"""The inside of components/duration.html; places and class names come from the geometry, words are escaped."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

register = template.Library()

_DOTS = {
    "exact": '<circle class="dot dot-exact" cy="{y}" r="5"/>',
    "still": '<path class="dot-arrow" d="M5 {y}h16m-5 -4l5 4l-5 4"/><circle class="dot dot-open" cy="{y}" r="5"/>',
    "gone": '<path class="dot-arrow" d="M-5 {y}h-16m5 -4l-5 4l5 4"/><circle class="dot dot-open" cy="{y}" r="5"/>',
}


@register.simple_tag
def duration_marks(picture: Any) -> SafeString:
    """Dots of the cycles above, the estimate in the middle, the usual range below it, weeks at the foot."""
    dots = "".join(
        f'<svg x="{dot.x}%" overflow="visible">{_DOTS[dot.kind].format(y=34 - 13 * dot.level)}</svg>'
        for dot in picture.dots
    )
    bars = (
        f'<rect class="estimate-wide" x="{picture.wide.x}%" y="49" width="{picture.wide.width}%" height="2"/>'
        f'<rect class="estimate" x="{picture.middle.x}%" y="45" width="{picture.middle.width}%" height="10"/>'
        f'<svg x="{picture.best_x}%" overflow="visible"><path class="estimate-best" d="M0 42V58"/></svg>'
        f'<rect class="usual" x="{picture.usual.x}%" y="62" width="{picture.usual.width}%" height="4"/>'
    )
    axis = '<rect class="axis" x="0" y="70" width="100%" height="1"/>'
    ticks = format_html_join(
        "", '<text x="{}%" y="84" text-anchor="middle">{}</text>', ((tick.x, tick.label) for tick in picture.ticks)
    )
    unit = format_html('<text x="100%" y="84" text-anchor="end">{}</text>', _("weeks"))
    return SafeString(bars + dots + axis + ticks + unit)
