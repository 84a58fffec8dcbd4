"""Catalogue rows -> the rule book that the rules read. Kept per process until a rule changes or the day does."""

from __future__ import annotations

from datetime import date

from django.conf import settings
from django.db import connection

from treatments.models import (
    ClinicSettings,
    Contraindication,
    DoseLimit,
    Indication,
    Licence,
    Product,
    Schedule,
    in_effect,
)
from treatments.rules import reference
from treatments.rules.duration import Prior
from treatments.rules.facts import (
    ContraindicationRule,
    DoseLimitRule,
    DurationRule,
    IndicationRule,
    LicenceRule,
    ProductRule,
    RuleBook,
    ScheduleRule,
)
from treatments.rules.periods import Length, LengthUnit
from treatments.rules.vocabulary import IndicationKind, LearnedDuration, ScheduleKind, Severity

_kept: dict[date, RuleBook] = {}
_KEEP_DAYS = 8


class CatalogueMissing(Exception):
    """No catalogue has been loaded yet."""

    def __init__(self) -> None:
        super().__init__("The catalogue is empty. Run: python manage.py load_catalogue")


def rulebook(on: date, token: str | None = None) -> RuleBook:
    """The rules in effect on a day. One query when nothing has changed since the last call.

    No query where the caller has read the catalogue's `token` along with something else.
    """
    if token is None:
        token = _token()
    kept = _kept.get(on)
    if kept is None or kept.token != token:
        if len(_kept) >= _KEEP_DAYS:
            _kept.clear()
        kept = _kept[on] = _build(on, token)
    return kept


def _token() -> str:
    """What the catalogue is at now; asked on nearly every page."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT token FROM treatments_cataloguestate")
        row = cursor.fetchone()
    if row is None:
        raise CatalogueMissing
    token: str = row[0]
    return token


def _build(on: date, token: str) -> RuleBook:
    contraindications = {row.code: _contraindication(row) for row in Contraindication.objects.filter(in_effect(on))}
    schedules = {row.indication_id: _schedule(row) for row in Schedule.objects.filter(in_effect(on))}
    return RuleBook(
        indications={
            row.code: IndicationRule(
                row.code, row.name, row.short_name, IndicationKind(row.kind), schedules[row.pk], row.min_age_years
            )
            for row in Indication.objects.all()
            if row.pk in schedules  # one that was added later is not known on an earlier day
        },
        products={
            row.code: ProductRule(row.code, row.brand, row.unit_system, row.duration_family)
            for row in Product.objects.all()
        },
        licences={
            (row.product.code if row.product else "", row.indication.code): _licence(row)
            for row in Licence.objects.filter(in_effect(on)).select_related("product", "indication")
        },
        dose_limits=tuple(
            _limit(row) for row in DoseLimit.objects.filter(in_effect(on)).prefetch_related("indications")
        ),
        contraindications=contraindications,
        answers_valid_days=settings.CLINIC_ANSWERS_VALID_DAYS,
        questions=tuple(code for code, rule in contraindications.items() if rule.question),
        token=token,
        durations={(row.indication, row.product_family): _duration(row) for row in reference.load().duration_priors},
        learned_duration=_learned_duration(),
    )


def _learned_duration() -> LearnedDuration:
    chosen = ClinicSettings.objects.order_by("pk").values_list("learned_duration", flat=True).first()
    return LearnedDuration(chosen or LearnedDuration.SUGGEST)


def _duration(row: reference.DurationPrior) -> DurationRule:
    titles = [reference.load().sources[code].title for code in row.sources]
    prior = Prior(
        median_days=row.median_days,
        between=float(row.log_sigma_between),
        within=float(row.log_sigma_within),
        floor_days=row.floor_days,
        ceiling_days=row.ceiling_days,
        drift=float(row.learn_drift),
    )
    return DurationRule(prior, "; ".join(titles), row.confidence == reference.Confidence.FAIR)


def _schedule(row: Schedule) -> ScheduleRule:
    unit = LengthUnit(row.effect_unit)
    return ScheduleRule(
        ScheduleKind(row.kind),
        Length(row.effect_low, unit),
        Length(row.effect_high, unit),
        Length(row.lapse_after_months, LengthUnit.MONTHS),
        row.touch_up_from_days,
        row.touch_up_to_days,
        row.source,
        row.verified,
    )


def _licence(row: Licence) -> LicenceRule:
    return LicenceRule(
        product=row.product.code if row.product else "",
        indication=row.indication.code,
        licensed=row.licensed,
        min_interval=row.length,
        min_age_years=row.min_age_years,
        max_units_per_session=row.max_units_per_session,
        max_units_per_site=row.max_units_per_site,
        typical_units_high=row.typical_units_high,
        source=row.source,
        verified=row.verified,
    )


def _limit(row: DoseLimit) -> DoseLimitRule:
    return DoseLimitRule(
        code=row.code,
        unit_system=row.unit_system,
        units=row.units,
        window=Length(row.window, LengthUnit(row.window_unit)) if row.window else None,
        indications=frozenset(indication.code for indication in row.indications.all()),
        source=row.source,
        verified=row.verified,
    )


def _contraindication(row: Contraindication) -> ContraindicationRule:
    return ContraindicationRule(
        code=row.code,
        name=row.name,
        short_name=row.short_name,
        severity=Severity(row.severity),
        products=frozenset(row.products),
        indications=frozenset(row.indications),
        kinds=frozenset(row.kinds),
        question=row.question,
        next_step=row.next_step,
        source=row.source,
        verified=row.verified,
        time_limited=row.time_limited,
        review_after_days=row.review_after_days,
        raised_by_hand=row.raised_by_hand,
    )
