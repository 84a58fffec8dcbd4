"""When people work and when the clinic is closed. No change of hours touches a visit; `queries.outside_hours` lists them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic import audit
from clinic.formats import day
from clinic.models import ClosedDay, HoursException, Location, Practitioner, Weekday, WorkingHours
from treatments.models.fields import no_hidden_characters
from treatments.services.acts import act

MOST_DAYS = 366
_YEARS = 20


@act
def set_hours(
    practitioner: Practitioner,
    *,
    location: Location,
    weekdays: Sequence[int],
    opens: time,
    closes: time,
    starts_on: date,
    ends_on: date | None = None,
    by: str,
    at: datetime,
) -> list[WorkingHours]:
    """From that day on somebody works there on these days of the week. `ends_on` is the first day it no longer holds."""
    practitioner = _locked(practitioner)
    if not weekdays:
        raise ValidationError({"weekdays": _("Choose the days of the week.")})
    _check_days(at, starts_on=starts_on, ends_on=ends_on)
    rows = []
    for weekday in sorted(set(weekdays)):
        row = WorkingHours(
            practitioner=practitioner,
            location=location,
            weekday=weekday,
            opens=opens,
            closes=closes,
            starts_on=starts_on,
            ends_on=ends_on,
        )
        _check_hours(row)
        row.save(force_insert=True)
        _record("hours.set", row, by=by, at=at)
        rows.append(row)
    return rows


@act
def change_hours(
    row: WorkingHours, *, location: Location, opens: time, closes: time, starts_on: date, by: str, at: datetime
) -> WorkingHours:
    """Other hours on that day of the week from then on. What held before stays on record."""
    _locked(row.practitioner)
    row = WorkingHours.objects.get(pk=row.pk)
    until = row.ends_on
    if until and until <= starts_on:
        raise ValidationError({"from_on": _("These hours have ended by then. Set new ones instead.")})
    end_hours(row, ends_on=starts_on, by=by, at=at)
    [changed] = set_hours(
        row.practitioner,
        location=location,
        weekdays=[row.weekday],
        opens=opens,
        closes=closes,
        starts_on=starts_on,
        ends_on=until,
        by=by,
        at=at,
    )
    return changed


@act
def end_hours(row: WorkingHours, *, ends_on: date, by: str, at: datetime) -> WorkingHours | None:
    """The hours no longer hold from that day on. Hours that would end before they begin are taken away: None."""
    _locked(row.practitioner)
    row = WorkingHours.objects.get(pk=row.pk)
    if row.ends_on and row.ends_on <= ends_on:
        said = {"day": day(row.ends_on)}
        raise ValidationError({"ends_on": _("These hours end on %(day)s already.") % said})
    _check_days(at, ends_on=ends_on)
    if ends_on <= row.starts_on:
        remove_hours(row, by=by, at=at)
        return None
    row.ends_on = ends_on
    row.save(update_fields=["ends_on"])
    _record("hours.ended", row, by=by, at=at)
    return row


@act
def remove_hours(row: WorkingHours, *, by: str, at: datetime) -> None:
    """The hours were entered in error and never held."""
    _remove("hours.removed", row, by=by, at=at)


@act
def add_exception(
    practitioner: Practitioner,
    *,
    first_on: date,
    last_on: date | None = None,
    location: Location | None = None,
    opens: time | None = None,
    closes: time | None = None,
    why: str = "",
    by: str,
    at: datetime,
) -> list[HoursException]:
    """Other hours on one day or on each of several, the last one included; without times, somebody is away."""
    practitioner, last_on = _locked(practitioner), last_on or first_on
    _check_days(at, first_on=first_on, last_on=last_on)
    if last_on < first_on or (last_on - first_on).days >= MOST_DAYS:
        raise ValidationError({"last_on": _("The last day must lie within a year after the first one.")})
    if len({opens is None, closes is None, location is None}) > 1:
        raise ValidationError({"opens": _("Enter place and both times, or none of them where somebody is away.")})
    _plain(why, "why")
    rows = []
    for number in range((last_on - first_on).days + 1):
        on = first_on + timedelta(days=number)
        row = HoursException(
            practitioner=practitioner, on=on, location=location, opens=opens, closes=closes, why=why.strip()
        )
        _check_exception(row)
        row.save(force_insert=True)
        _record("hours.exception_added", row, by=by, at=at)
        rows.append(row)
    return rows


@act
def remove_exception(row: HoursException, *, by: str, at: datetime) -> None:
    """The usual hours hold on that day after all."""
    _remove("hours.exception_removed", row, by=by, at=at)


@act
def close_day(on: date, *, name: str, location: Location | None = None, by: str, at: datetime) -> ClosedDay:
    """Nobody is offered a time on that day, at one location or everywhere."""
    list(Location.objects.select_for_update().order_by("pk"))  # one change of the closed days at a time
    _check_days(at, on=on)
    name = name.strip()
    if not name:
        raise ValidationError({"name": _("Say why the clinic is closed.")})
    _plain(name, "name")
    there = ClosedDay.objects.filter(Q(location__isnull=True) | Q(location=location), on=on).first()
    if there:
        said = {"day": day(on), "why": there.name}
        raise ValidationError({"on": _("%(day)s is a closed day already: %(why)s.") % said})
    row = ClosedDay(on=on, location=location, name=name)
    row.clean_fields()
    row.save(force_insert=True)
    _record("day.closed", row, by=by, at=at)
    return row


@act
def close_days(days: Iterable[tuple[date, str]], *, by: str, at: datetime) -> list[ClosedDay]:
    """Several days at once, everywhere: all of them or none."""
    return [close_day(on, name=name, by=by, at=at) for on, name in days]


@act
def open_day(row: ClosedDay, *, by: str, at: datetime) -> None:
    """The clinic works on that day after all."""
    _remove("day.opened", row, by=by, at=at)


def _locked(practitioner: Practitioner) -> Practitioner:
    """One change of somebody's hours at a time."""
    return Practitioner.objects.select_for_update().get(pk=practitioner.pk)


def _check_days(at: datetime, **days: date | None) -> None:
    """Days that somebody can have meant."""
    today = timezone.localtime(at).date()
    for field, on in days.items():
        if on and abs(on.year - today.year) > _YEARS:
            raise ValidationError({field: _("Enter a day within the next or the last 20 years.")})


def _check_hours(row: WorkingHours) -> None:
    row.clean_fields()
    if row.closes <= row.opens:
        raise ValidationError({"closes": _("The hours must end after they begin.")})
    if row.ends_on and row.ends_on <= row.starts_on:
        raise ValidationError({"ends_on": _("The hours must end after the day they begin.")})
    others = WorkingHours.objects.filter(
        Q(ends_on__isnull=True) | Q(ends_on__gt=row.starts_on),
        practitioner=row.practitioner,
        weekday=row.weekday,
        opens__lt=row.closes,
        closes__gt=row.opens,
    ).select_related("location")
    if row.ends_on:
        others = others.filter(starts_on__lt=row.ends_on)
    if other := others.first():
        said = {
            "who": row.practitioner,
            "place": other.location,
            "weekday": Weekday(other.weekday).label,
            "from": f"{other.opens:%H:%M}",
            "to": f"{other.closes:%H:%M}",
            "since": day(other.starts_on),
        }
        raise ValidationError(
            _("%(who)s already works at %(place)s on %(weekday)s from %(from)s to %(to)s, since %(since)s. "
              "End those hours first, or choose other times.") % said
        )  # fmt: skip


def _check_exception(row: HoursException) -> None:
    row.clean_fields()
    if row.opens and row.closes and row.closes <= row.opens:
        raise ValidationError({"closes": _("The hours must end after they begin.")})
    same_day = HoursException.objects.filter(practitioner=row.practitioner, on=row.on)
    if row.opens and row.closes:
        same_day = same_day.filter(Q(opens__isnull=True) | Q(opens__lt=row.closes, closes__gt=row.opens))
    if other := same_day.first():
        said = {"who": row.practitioner, "day": day(row.on)}
        sentence = (
            _("%(who)s has other hours on %(day)s already. Take those away first.")
            if other.opens
            else _("%(who)s is away on %(day)s already. Take that away first.")
        )
        raise ValidationError({"first_on": sentence % said})


def _plain(text: str, field: str) -> None:
    try:
        no_hidden_characters(text)
    except ValidationError as error:
        raise ValidationError({field: error.messages}) from error


def _remove(verb: str, row: models.Model, *, by: str, at: datetime) -> None:
    """Take a row away whose words stay in the audit trail; somebody else may have done so a moment ago."""
    n, _each = type(row)._default_manager.filter(pk=row.pk).delete()
    if n:
        _record(verb, row, by=by, at=at)


def _record(verb: str, row: models.Model, *, by: str, at: datetime) -> None:
    told: dict[str, Any] = {}
    for field in row._meta.concrete_fields:
        value = getattr(row, field.name)
        if not field.primary_key and value not in (None, ""):
            told[field.name] = str(value) if isinstance(value, models.Model) else value
    audit.record(verb, row, by=by, at=at, details=told)
