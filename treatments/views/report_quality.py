"""What is missing from the records? Each gap with its number and, for those who mend it, its list."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from treatments.queries import data_quality
from treatments.views.chart_groups import Row, rows_chart
from treatments.views.report_frame import Asked, Cell, Column, Link, Picture, Report, Table, n_people, share

SHARES = ((0, "0 %"), (25, "25 %"), (50, "50 %"), (75, "75 %"), (100, "100 %"))
QUESTION = gettext_lazy("What is missing from the records?")
LABELS = {
    "phone": gettext_lazy("No telephone number"),
    "questions": gettext_lazy("Safety questions: never asked"),
    "reminders": gettext_lazy("Reminders: never asked"),
    "window": gettext_lazy("A course without a window"),
    "doubt": gettext_lazy("A doubtful date or record"),
}
WHY = {
    "phone": gettext_lazy("Nobody can call them when they are due, or when a visit has to be moved."),
    "questions": gettext_lazy("Nothing can be injected until they are answered."),
    "reminders": gettext_lazy("They get no reminder until they have said yes."),
    "window": gettext_lazy("No full treatment is on record for the course, so nobody knows when they are due."),
    "doubt": gettext_lazy("They stand under no band of the due list until somebody has looked at the record."),
}
DEFINITION = (
    gettext_lazy(
        "Every patient counts who has not died and was not merged into another record; one may count in several lines."
    ),
    gettext_lazy("A course counts until it is stopped. All of it is as of now: there is no period to choose."),
)


def build(asked: Asked) -> Report:
    numbers = data_quality.counts(asked.on)
    total = numbers.pop("all")
    if not total:
        return Report(_("There are no patients on record yet."), empty=True)
    most = max(numbers, key=lambda code: numbers[code])
    if numbers[most]:
        answer = _("Of %(people)s on record, %(number)d have the most frequent gap, “%(gap)s”.") % {
            "people": n_people(total),
            "gap": LABELS[most],
            "number": numbers[most],
        }
    else:
        answer = _("Nothing of what is looked for: the records of all %(people)s are whole.") % {
            "people": n_people(total)
        }
    chart = rows_chart(
        [Row(str(label), share(numbers[code], total), 100 * numbers[code] / total) for code, label in LABELS.items()],
        ref="data-quality",
        title=str(QUESTION),
        sentence=answer,
        until=100,
        ticks=SHARES,
        bars=True,
    )
    return Report(answer, pictures=[Picture("components/charts/rows.html", chart)], tables=[_table(numbers, asked)])


def _table(numbers: dict[str, int], asked: Asked) -> Table:
    rows: list[list[Cell]] = []
    for code, label in LABELS.items():
        number: Cell = numbers[code]
        if number and asked.names:
            number = Link(str(number), reverse("report_quality_list", args=[code]))
        rows.append([str(label), number, str(WHY[code])])
    columns = [Column(_("Missing")), Column(_("Patients"), True), Column(_("Why it matters"))]
    return Table("gaps", _("What is missing"), columns, rows)
