"""Import the treatments of an old system from a CSV file, as they happened."""

from treatments.management.importing import ImportCommand
from treatments.services import import_treatments
from treatments.services.import_files import Sheet
from treatments.services.imports import Outcome, Run


class Command(ImportCommand):
    help = "Import the treatments of an old system from a CSV file, as they happened."
    table = "treatments"

    def bring_in(self, sheet: Sheet, run: Run) -> Outcome:
        return import_treatments.bring_in(sheet, run)
