"""Bring the catalogue in the database to the reference files. Running it twice changes nothing."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils import timezone

from clinic import permissions
from treatments.services import catalogue


class Command(BaseCommand):
    help = "Load products, indications, licences and rules from treatments/rules/reference; harmless to run again."

    def handle(self, *args: Any, **options: Any) -> None:
        permissions.make_roles()
        done = catalogue.load(jurisdiction=settings.CLINIC_JURISDICTION, by="load_catalogue", at=timezone.now())
        for rule in done.kept:
            self.stdout.write(f"Kept the clinic's own rule: {rule}")
        self.stdout.write(
            f"Catalogue for {settings.CLINIC_JURISDICTION}: {done.added} rows added, {done.revised} revised."
        )
