"""manage.py check_invariants: what stands in the database and never should. Nightly, and after every restore."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from treatments.queries.invariants import violations


class Command(BaseCommand):
    help = (
        "Looks through the whole database for what can never be true: overlapping visits, visits under a hard stop, "
        "treatments too close without a reason, broken values, missing guards. Ends with 1 where it finds anything."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        found = violations(connection)
        for violation in found:
            self.stdout.write(str(violation))
        if found:
            raise CommandError(f"{len(found)} found that should never be.")
        self.stdout.write("Nothing found that should never be.")
