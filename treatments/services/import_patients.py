"""The patients of an old system. A row comes in whole or is rejected with its sentence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from clinic import audit
from treatments.models import Patient, SearchKey
from treatments.queries import patients as find
from treatments.services import catalogue, imports, patients
from treatments.services import import_cells as cells
from treatments.services.import_files import Row, Sheet, Spoilt
from treatments.services.imports import Outcome, Run

_COMPARED = (
    "family_name", "given_name", "title", "born_on", "died_on", "sex", "phone", "email",
    "address", "city", "postcode", "contact_consent",
)  # fmt: skip
_LEFT_OUT = ("phone", "email")  # better a patient without them than none


@dataclass(frozen=True, slots=True)
class _Somebody:
    """Who is on record, or stands further up in the file, as far as a resemblance goes."""

    names: list[str]
    phone: str
    label: str


@dataclass(frozen=True, slots=True)
class _Arrival:
    row: Row
    patient: Patient


def bring_in(sheet: Sheet, run: Run) -> Outcome:
    """Add the patients that are not there yet. Nobody is changed: what differs from the record is a warning."""
    outcome = Outcome(sheet)
    lines: dict[str, int] = {}
    in_file: dict[date, list[_Somebody]] = defaultdict(list)
    n_done = 0
    for rows in imports.chunks(sheet.rows):
        _bring_in_some(rows, run, outcome, lines, in_file)
        n_done += len(rows)
        run.progress(n_done, len(sheet.rows))
    return outcome.in_order()


def _bring_in_some(
    rows: list[Row], run: Run, outcome: Outcome, lines: dict[str, int], in_file: dict[date, list[_Somebody]]
) -> None:
    read = list(_read(rows, run, outcome, lines))
    known = {
        patient.source_id: patient
        for patient in Patient.objects.filter(source_id__in=[new.patient.source_id for new, _said in read])
    }
    on_record = _born_on({new.patient.born_on for new, _said in read})
    arrivals = []
    for new, said in read:
        patient, born_on = new.patient, new.patient.born_on
        if patient.source_id in known:
            outcome.n_known += 1
            _compare(new, known[patient.source_id], outcome)
        elif other := _resembling(patient, [*on_record[born_on], *in_file[born_on]]):
            sentence = _("Might be the same person as %(other)s: born the same day, with the same name or phone.")
            outcome.reject(new.row, "source_id", sentence % {"other": other.label})
        else:
            where = _("line %(n)d") % {"n": new.row.line}
            label = f"{patient.list_name}, {where}" if run.dry_run else f"{_label(patient)}, {where}"
            in_file[born_on].append(_Somebody(_names(patient), patient.phone, label))
            arrivals.append(new)
            for name, sentence in said:
                outcome.warn(new.row, name, sentence)
    _write(arrivals, run, outcome)


def _read(
    rows: list[Row], run: Run, outcome: Outcome, lines: dict[str, int]
) -> Iterable[tuple[_Arrival, list[tuple[str, str]]]]:
    """The rows that make a patient, each with what must be said of it; the others are rejected."""
    for row, public_id in zip(rows, imports.fresh_ids(Patient, len(rows)), strict=True):
        said: list[tuple[str, str]] = []
        try:
            source_id = row.text("source_id")
            if not source_id:
                raise Spoilt("source_id", _("The id is missing, so a second import would add the person again."))
            if source_id in lines:
                raise Spoilt("source_id", _("The same id as in line %(n)d.") % {"n": lines[source_id]})
            patient = _patient(row, run, said)
        except Spoilt as spoilt:
            outcome.reject(row, spoilt.field, spoilt.sentence)
            continue
        lines[source_id] = row.line
        patient.public_id = public_id
        yield _Arrival(row, patient), said


def _patient(row: Row, run: Run, said: list[tuple[str, str]]) -> Patient:
    """A patient as the row has it, checked like one who is registered at the desk."""
    patient = Patient(
        source_id=row.text("source_id"),
        born_on=cells.needed_day(row, "born_on", run.date_order),
        died_on=cells.day(row, "died_on", run.date_order),
        sex=_word(row, "sex", said),
        contact_consent=_word(row, "contact_consent", said),
        registered_on=run.on,
        **{
            name: row.text(name)
            for name in ("title", "given_name", "family_name", "address", "city", "postcode", "phone", "email")
        },
    )
    if patient.given_name and not patient.family_name:
        patient.family_name, patient.given_name = patient.given_name, ""
        said.append(("given_name", _("The only name, kept as the family name.")))
    wrong = _wrong(patient, run.on)
    for name in [name for name in _LEFT_OUT if name in wrong]:
        setattr(patient, name, "")
        said.append((name, _("%(sentence)s Came in without it.") % {"sentence": wrong[name]}))
        wrong = _wrong(patient, run.on)
    for name, sentence in wrong.items():
        raise Spoilt(name, sentence)
    return patient


def _wrong(patient: Patient, on: date) -> dict[str, str]:
    try:
        patients.check(patient, on=on)
    except ValidationError as error:
        return {name: messages[0] for name, messages in error.message_dict.items()}
    return {}


def _word(row: Row, name: str, said: list[tuple[str, str]]) -> str:
    found = cells.word(row, name, name)
    if found is None:
        said.append((name, _("%(text)s is not known here, so it was left open.") % {"text": row.text(name)[:40]}))
    return found or ""


def _born_on(days: set[date]) -> dict[date, list[_Somebody]]:
    found: dict[date, list[_Somebody]] = defaultdict(list)
    for patient in Patient.objects.filter(born_on__in=days).order_by("pk"):
        found[patient.born_on].append(_Somebody(_names(patient), patient.phone, _label(patient)))
    return found


def _resembling(patient: Patient, others: Iterable[_Somebody]) -> _Somebody | None:
    """The rule of `queries.patients.resembling`, for people who are born on one day."""
    names = _names(patient)
    return next((o for o in others if o.names == names or (patient.phone and o.phone == patient.phone)), None)


def _names(patient: Patient) -> list[str]:
    return find.sorted_names(patient.family_name, patient.given_name)


def _label(patient: Patient) -> str:
    return f"{patient.list_name} ({patient.public_id})"


def _compare(new: _Arrival, known: Patient, outcome: Outcome) -> None:
    """Say where the file and the record differ; the record stays."""
    differ = [name for name in _COMPARED if getattr(new.patient, name) != getattr(known, name)]
    if differ:
        names = ", ".join(outcome.sheet.heading(name) or name for name in differ)
        sentence = _("Already there as %(who)s, with other values in %(names)s. Nothing was changed.")
        outcome.warn(new.row, "source_id", sentence % {"who": _label(known), "names": names})


def _write(arrivals: list[_Arrival], run: Run, outcome: Outcome) -> None:
    def save(some: Sequence[_Arrival]) -> None:
        _save([arrival.patient for arrival in some], run)

    refused = [] if run.dry_run or not arrivals else imports.write(arrivals, save)
    for arrival in refused:
        outcome.reject(arrival.row, "source_id", _("The database refused this row. Register the person by hand."))
    outcome.n_imported += len(arrivals) - len(refused)
    outcome.n_made += len(arrivals) - len(refused)


def _save(new: list[Patient], run: Run) -> None:
    catalogue.hold()
    for patient in new:
        patient.pk, patient._state.adding = None, True  # also after a write that was undone
    Patient.objects.bulk_create(new)
    SearchKey.objects.bulk_create(
        (SearchKey(patient=patient, key=key) for patient in new for key in sorted(find.keys_of(patient))),
        batch_size=1000,
    )
    audit.record_many(
        audit.event(
            "patient.imported",
            patient,
            by=run.by,
            at=run.at,
            patient=patient.public_id,
            details={"source_id": patient.source_id},
        )
        for patient in new
    )
