"""Every treatment with what it gave to each course, as plain rows: read through the driver's cursor, chunk by chunk."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from django.db import connection
from django.db.models import BooleanField, Case, QuerySet, Value, When

from treatments.models import CourseTreatment

CHUNK = 2000
COLUMNS = {
    "treatment": "treatment__public_id",
    "performed_on": "treatment__performed_on",
    "not_before_on": "treatment__not_before_on",
    "kind": "treatment__kind",
    "patient": "treatment__patient__public_id",
    "family_name": "treatment__patient__family_name",
    "given_name": "treatment__patient__given_name",
    "born_on": "treatment__patient__born_on",
    "indication": "course__indication__code",
    "product": "treatment__product__code",
    "lot": "treatment__lot_number",
    "lot_expires_on": "treatment__lot_expires_on",
    "units": "units",
    "unit_system": "treatment__product__unit_system",
    "injector": "treatment__practitioner__name",
    "sub_standard": "treatment__sub_standard",
    "elsewhere": "treatment__elsewhere",
    "worn_off_on": "worn_off_on",
    "still_working_on": "still_working_on",
    "seen_gone_on": "seen_gone_on",
    "voided": "voided",
}
"""Column of the file -> where its value comes from."""
TYPED = tuple(
    list(COLUMNS).index(name) for name in ("family_name", "given_name", "lot", "injector")
)  # what people typed: the places in which a formula could stand
UNITS, VOIDED = list(COLUMNS).index("units"), list(COLUMNS).index("voided")


def rows(first: date | None = None, last: date | None = None) -> QuerySet:
    """What was given on these days, both included, oldest first."""
    found = CourseTreatment.objects.order_by("treatment__performed_on", "treatment", "pk")
    if first:
        found = found.filter(treatment__performed_on__gte=first)
    if last:
        found = found.filter(treatment__performed_on__lte=last)
    voided = Case(
        When(treatment__voided_at__isnull=False, then=Value(True)), default=Value(False), output_field=BooleanField()
    )
    return found.annotate(voided=voided).values_list(*COLUMNS.values())


def chunks(found: QuerySet) -> Iterator[list[tuple]]:
    """The rows as the driver gives them, a few thousand at a time: the ORM's conversions cost more than the reading."""
    sql, values = found.query.sql_with_params()
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql, values)
        while chunk := cursor.fetchmany(CHUNK):
            yield chunk
