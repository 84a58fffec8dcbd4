"""Import the patients of an old system from a CSV file. Nobody comes in twice."""

from treatments.management.importing import ImportCommand
from treatments.services import import_patients
from treatments.services.import_files import Sheet
from treatments.services.imports import Outcome, Run


class Command(ImportCommand):
    help = "Import the patients of an old system from a CSV file. Nobody comes in twice."
    table = "patients"

    def bring_in(self, sheet: Sheet, run: Run) -> Outcome:
        return import_patients.bring_in(sheet, run)
