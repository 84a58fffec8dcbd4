"""Import the flags of an old system from a CSV file."""

from treatments.management.importing import ImportCommand
from treatments.services import import_flags
from treatments.services.import_files import Sheet
from treatments.services.imports import Outcome, Run


class Command(ImportCommand):
    help = "Import the flags of an old system from a CSV file."
    table = "flags"

    def bring_in(self, sheet: Sheet, run: Run) -> Outcome:
        return import_flags.bring_in(sheet, run)
