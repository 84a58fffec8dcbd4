"""What the clinic decides for itself: one row, and the windows that follow from it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone

from clinic import audit
from treatments.models import ClinicSettings
from treatments.queries.learned import patients_who_taught
from treatments.services import catalogue, courses, stale
from treatments.services.acts import act

CHANGED = ("telephone", "learned_duration")


@act
def amend(*, changes: Mapping[str, Any], by: str, at: datetime, version: int | None = None) -> ClinicSettings:
    """Change the one row, which is made at the first change.

    Windows follow a little later, a few patients at a time, each in its own transaction. Until then a window may still
    be the one of before; it is never between the two. The row keeps that they have to follow until all of them have:
    whatever ends in between, the next run of the reminders or `recompute` finishes it.
    """
    catalogue.hold()
    row = ClinicSettings.objects.select_for_update().order_by("pk").first() or ClinicSettings()
    stale.check(row, version)
    before = {name: getattr(row, name) for name in CHANGED}
    for name, value in changes.items():
        setattr(row, name, value)
    row.clean_fields()
    now = {name: getattr(row, name) for name in CHANGED}
    if row.pk and now == before:
        return row
    row.version += 1 if row.pk else 0
    follows = now["learned_duration"] != before["learned_duration"]
    if follows:
        row.owed_version = row.version
    row.save()
    audit.record(
        "settings.amended",
        row,
        by=by,
        at=at,
        details={name: [before[name], now[name]] for name in CHANGED if before[name] != now[name]},
    )
    if follows:
        catalogue.renew_token()
        transaction.on_commit(partial(rewrite, on=timezone.localtime(at).date()))
    return row


def rewrite(*, on: date) -> int:
    """The dates of every course that has learned anything, by the setting that holds now; how many differed."""
    version = owed()
    differed = courses.refresh(patients_who_taught(), on=on)
    settle(version)
    return differed


def owed() -> int:
    """The version of the settings that some windows may not follow yet; 0 where all do."""
    return ClinicSettings.objects.order_by("pk").values_list("owed_version", flat=True).first() or 0


def settle(version: int) -> None:
    """Every window follows that version. A change made meanwhile stays owed."""
    if version:
        ClinicSettings.objects.filter(owed_version=version).update(owed_version=0)
