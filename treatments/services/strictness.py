"""The clinic's own rules: they make sense in themselves, and are never weaker than what was delivered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Model
from django.utils.translation import gettext as _

from treatments.models import Contraindication, DoseLimit, Licence, Rule, Schedule
from treatments.rules.periods import Length, LengthUnit
from treatments.rules.vocabulary import Severity

RowT = TypeVar("RowT", bound=Rule)
Wrong = dict[str, str]
_SCOPE = ("products", "indications", "kinds")
_LENGTHS: dict[type[Rule], tuple[str, ...]] = {
    Contraindication: ("review_after_days",),
    Licence: ("min_interval", "min_age_years"),
    DoseLimit: ("window",),
    Schedule: ("effect_low", "effect_high", "lapse_after_months", "touch_up_from_days", "touch_up_to_days"),
}
LONGEST = 1000  # of any unit: nobody means more, and a day so far ahead could not be written down
_FOUR_YEARS = [date(2027, 1, 1) + timedelta(days=n) for n in range(1461)]


def check(row: Rule) -> None:
    """Refuse a rule that contradicts itself, or that allows what the delivered one does not."""
    checks: dict[type[Rule], Callable[[Any], Wrong]] = {
        Contraindication: _contraindication,
        Licence: _licence,
        DoseLimit: _dose_limit,
        Schedule: _schedule,
    }
    if wrong := too_long(row, *_LENGTHS[type(row)]) or checks[type(row)](row):
        raise ValidationError(wrong)


def too_long(row: Model, *names: str) -> Wrong:
    """A sentence for each of these numbers that nobody can have meant."""
    return {name: _("Enter 1000 or less.") for name in names if (getattr(row, name) or 0) > LONGEST}


def _contraindication(row: Contraindication) -> Wrong:
    delivered, wrong = _delivered(Contraindication, code=row.code), Wrong()
    if delivered is None:
        return wrong
    if Severity(row.severity).weight > Severity(delivered.severity).weight:
        wrong["severity"] = _("The effect may be made stricter, never weaker than delivered.")
    if narrowed := _narrowed(row, delivered):
        wrong[narrowed] = _("The rule may reach further, never less far than delivered.")
    if delivered.question and not row.question.strip():
        wrong["question"] = _("A delivered safety question may be reworded, never left out.")
    if delivered.raised_by_hand and not row.raised_by_hand:
        wrong["raised_by_hand"] = _("It must stay possible to raise this flag.")
    return wrong


def _narrowed(row: Contraindication, delivered: Contraindication) -> str:
    """The list that no longer holds what the delivered one holds. Empty lists reach everything."""
    if not any(getattr(row, name) for name in _SCOPE):
        return ""
    everything = not any(getattr(delivered, name) for name in _SCOPE)
    for name in _SCOPE:
        if (everything and getattr(row, name)) or set(getattr(delivered, name)) - set(getattr(row, name)):
            return name
    return ""


def _licence(row: Licence) -> Wrong:
    """Compared with the delivered row of the product or, where it has none, the one for any product."""
    own = _delivered(Licence, product=row.product, indication=row.indication)
    delivered = own or _delivered(Licence, product=None, indication=row.indication)
    wrong = Wrong()
    if row.min_interval < 1:
        wrong["min_interval"] = _("The minimum interval must be 1 or more.")
    if delivered:
        if _shorter(row.length, delivered.length):
            wrong["min_interval"] = _("The minimum interval may be made longer, never shorter than delivered.")
        if (delivered.min_age_years or 0) > (row.min_age_years or 0):
            wrong["min_age_years"] = _("The minimum age may be raised, never lowered below what was delivered.")
        for name in ("max_units_per_session", "max_units_per_site"):
            if _raised(getattr(row, name), getattr(delivered, name)):
                wrong[name] = _("The limit may be lowered, never raised above what was delivered.")
    if row.typical_units_low and row.typical_units_high and row.typical_units_low > row.typical_units_high:
        wrong["typical_units_high"] = _("The upper end must be the same as or more than the lower.")
    return wrong


def _dose_limit(row: DoseLimit) -> Wrong:
    delivered, wrong = _delivered(DoseLimit, code=row.code), Wrong()
    if row.units <= 0:
        wrong["units"] = _("The limit must be more than 0.")
    if bool(row.window) != bool(row.window_unit):
        wrong["window"] = _("Enter the window as a number with its unit, or leave both empty.")
    elif delivered and _shorter(_window(row), _window(delivered)):
        wrong["window"] = _("The window may be made longer, never shorter than delivered.")
    if delivered and _raised(row.units, delivered.units):
        wrong["units"] = _("The limit may be lowered, never raised above what was delivered.")
    return wrong


def _window(row: DoseLimit) -> Length:
    return Length(row.window, LengthUnit(row.window_unit)) if row.window else Length(0, LengthUnit.DAYS)


def _shorter(wanted: Length, delivered: Length) -> bool:
    """True where it ends sooner from any day on: 91 days are shorter than 3 months that begin on 1 July."""
    return any(wanted.after(day) < delivered.after(day) for day in _FOUR_YEARS)


def _schedule(row: Schedule) -> Wrong:
    delivered, wrong = _delivered(Schedule, indication=row.indication), Wrong()
    if row.effect_high < row.effect_low:
        wrong["effect_high"] = _("The window must close on or after the day it opens.")
    if row.lapse_after_months < 1:
        wrong["lapse_after_months"] = _("The course must lapse after 1 month or more.")
    if row.touch_up_to_days < row.touch_up_from_days:
        wrong["touch_up_to_days"] = _("The last day must be the same as or after the first.")
    if delivered:
        if row.touch_up_from_days < delivered.touch_up_from_days:
            wrong["touch_up_from_days"] = _("The touch-up range may be made narrower, never wider than delivered.")
        if row.touch_up_to_days > delivered.touch_up_to_days:
            wrong["touch_up_to_days"] = _("The touch-up range may be made narrower, never wider than delivered.")
    return wrong


def _raised(wanted: Decimal | None, delivered: Decimal | None) -> bool:
    """True where an upper limit was raised or taken away."""
    return delivered is not None and (wanted is None or wanted > delivered)


def _delivered(model: type[RowT], **key: Any) -> RowT | None:
    """The latest version that came with the product."""
    wanted = {
        name if value is not None else f"{name}__isnull": value if value is not None else True
        for name, value in key.items()
    }
    rows_of: Any = model._default_manager
    row: RowT | None = rows_of.filter(**wanted).exclude(shipped="").order_by("-effective_from", "-pk").first()
    return row
