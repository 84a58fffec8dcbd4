"""What is measured of stored dates and of a clinic that grows: recomputing, saving a treatment, ten times the patients."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from decimal import Decimal
from unittest.mock import patch

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from clinic.models import Practitioner, Room
from tests.benchmarks.cases_pages import EMPTY, FULL, clinic_of, signed_in, size
from tests.benchmarks.diary import STAFF, Diary
from tests.benchmarks.measure import Asked, Figure, SignedIn, interleaved, pages, rates, rows, table
from treatments.models import Course, CourseTreatment, Patient, Product
from treatments.queries import choices
from treatments.queries.rulebook import rulebook
from treatments.rules.facts import AnswerFact, Facts, FlagFact, Given
from treatments.rules.intervals import forecast
from treatments.rules.periods import Period
from treatments.rules.vocabulary import Answer, TreatmentKind
from treatments.services import call_list, courses, stored_dates, treatments
from treatments.services.treatments import Line, Record

# ---- P4: recomputing ----


def recompute(asked: Asked) -> str:
    """P4: every stored date again, against a loop over model instances and against one statement for the days alone."""
    clinic_of(asked.scale).grow_to(int(FULL * asked.scale))
    on = timezone.localdate()
    ids = list(Patient.objects.order_by("pk").values_list("pk", flat=True)[:1000])
    few = ids[:50]
    sides: dict[str, Callable[[], object]] = {
        f"one statement for the last day of each of {len(ids)}": lambda: rows(
            _LAST_DAYS.format(first=ids[0], last=ids[-1])
        ),
        f"recompute, {len(ids)} patients, nothing differs": lambda: courses.refresh(ids, on=on),
        f"recompute, {len(ids)} patients, every course differs": lambda: _all_differ(ids, on),
        f"a loop of model instances, {len(few)} patients": lambda: _one_by_one(few, on),
    }
    figures = interleaved(sides, rounds=asked.rounds)
    sizes = (len(ids), len(ids), len(ids), len(few))
    printed = [table(f"Recomputing, {size()}", figures)]
    printed += [rates(n, [figure], "patients") for n, figure in zip(sizes, figures, strict=True)]
    printed.append(_goals(figures, sizes))
    printed.append(f"\n  the longest of its transactions: {_longest(ids, on):.0f} ms by the clock")
    return "".join(printed)


def _goals(figures: list[Figure], sizes: tuple[int, ...]) -> str:
    bare, again, wrong, loop = (figure.cpu_ms / n for n, figure in zip(sizes, figures, strict=True))
    return f"\n  against the loop: {loop / again:.1f}x, {loop / wrong:.1f}x where all differ; of the statement: {again / bare:.0f}x"


def _all_differ(ids: list[int], on: date) -> None:
    Course.objects.filter(patient__in=ids).update(doubt="Benchmark", due_from=None, units=None)
    if not courses.refresh(ids, on=on):
        raise RuntimeError("Nothing was written.")


def _longest(ids: list[int], on: date) -> float:
    """Milliseconds of the longest transaction while everything is written, once."""
    took, mend = [], stored_dates._mend

    def timed(*args: object) -> int:
        start = time.perf_counter()
        try:
            return mend(*args)  # type: ignore[arg-type]
        finally:
            took.append(1000 * (time.perf_counter() - start))

    with patch.object(stored_dates, "_mend", timed):
        _all_differ(ids, on)
    return max(took)


def _one_by_one(ids: Iterable[int], on: date) -> None:
    """What would be written without thinking of many: each patient's facts, each course computed and saved."""
    book = rulebook(on)
    for person in Patient.objects.filter(pk__in=list(ids)).order_by("pk"):
        given = CourseTreatment.objects.filter(course__patient=person, treatment__voided_at=None)
        facts = Facts(
            person.born_on,
            person.died_on,
            tuple(_given(row) for row in given.select_related("course__indication", "treatment__product")),
            tuple(
                FlagFact(flag.kind, Period(flag.starts_on, flag.ends_on), flag.review_on, flag.public_id)
                for flag in person.flags.filter(in_error=False)
            ),
            tuple(AnswerFact(row.kind, Answer(row.answer), row.answered_on) for row in person.answers.all()),
        )
        for course in person.courses.select_related("indication"):
            computed = forecast(course.indication.code, facts, book, choice=choices.of(course))
            for name, value in zip(stored_dates.STORED, stored_dates.values_of(computed), strict=True):
                setattr(course, name, value)
            course.save()
        call_list.keep([person.pk])


def _given(row: CourseTreatment) -> Given:
    treatment, product = row.treatment, row.treatment.product
    return Given(
        row.course.indication.code,
        product.code if product else "",
        product.unit_system if product else "",
        row.units,
        treatment.performed_on,
        TreatmentKind(treatment.kind),
        treatment.not_before_on,
        sub_standard=treatment.sub_standard,
        elsewhere=treatment.elsewhere,
        ref=treatment.public_id,
        repeat_from=row.repeat_from,
        previous_until=row.previous_until,
    )


_LAST_DAYS = """
SELECT g.course_id, max(t.performed_on) FROM treatments_course c
JOIN treatments_coursetreatment g ON g.course_id = c.id JOIN treatments_treatment t ON t.id = g.treatment_id
WHERE c.patient_id BETWEEN {first} AND {last} AND t.kind = 'full' AND t.voided_at IS NULL GROUP BY g.course_id"""


# ---- P5: saving a treatment ----


def save(asked: Asked) -> str:
    """P5: a treatment of four injections signed with its dates, and as if no date were stored; taken back each time."""
    clinic_of(asked.scale).grow_to(int(FULL * asked.scale))
    at = timezone.now()
    on = timezone.localdate()
    known = Course.objects.filter(indication__code="glabellar_lines", lapsed_from__gt=on, doubt="", due_from__lte=on)
    people = list(Patient.objects.filter(pk__in=known.values("patient")).order_by("pk")[:20])
    record = Record(
        on, TreatmentKind.FULL, Product.objects.get(code="botox"), "C4821", on + timedelta(days=300),
        tuple(Line("glabellar_lines", site, Decimal(5)) for site in ("procerus", "corrugator 1", "corrugator 2", "depressor")),
    )  # fmt: skip

    def sign_each() -> None:
        for person in people:
            with transaction.atomic():
                treatments.sign(
                    record,
                    patient=person,
                    by="bench",
                    at=at,
                    acknowledged=True,
                    incident_reason="Written by a benchmark",
                )
                transaction.set_rollback(True)

    def without_dates() -> None:
        with patch.object(courses, "refresh", lambda *_ids, **_on: 0):
            sign_each()

    sides = {"signed, no dates are stored": without_dates, "signed with the dates of its course": sign_each}
    figures = interleaved(sides, rounds=asked.rounds)
    return table(f"Saving {len(people)} treatments of 4 injections, {size()}", figures) + rates(
        len(people), figures, "treatments"
    )


# ---- P3: ten times the patients ----


_BESIDE = 50_000_000  # where the diary's rows begin


@pages()
def growth(asked: Asked) -> str:
    """P3: the same pages in a clinic of a tenth and in one ten times as big, in one run."""
    clinic, number = clinic_of(asked.scale), int(FULL * asked.scale)
    Practitioner.objects.update(is_active=False)  # the diary's twenty work on, at both sizes
    Room.objects.update(is_active=False)
    diary = Diary(timezone.localdate() + timedelta(days=60), first=_BESIDE)
    person, measured, parts = signed_in(), [], []
    made = time.perf_counter()
    for n_patients in (max(20, number // 10), number):
        clinic.grow_to(n_patients)
        clinic_made = time.perf_counter()
        diary.grow_to(max(STAFF * 14, n_patients // 10))
        sides = _pages_of(person, diary)
        figures = interleaved(sides, rounds=asked.rounds)
        measured.append(figures)
        parts.append(table(f"{size()}; made in {clinic_made - made:.0f} s", figures))
        made = time.perf_counter()
    parts.append(f"\n{'Ten times the patients':58}{'x CPU':>10}{'x of x':>10}")
    for small, big in zip(*measured, strict=True):
        times = big.cpu_ms / small.cpu_ms
        beside = times / (measured[1][0].cpu_ms / measured[0][0].cpu_ms)  # the machine may be busier than a while ago
        parts.append(f"{small.name:58}{times:10.2f}{beside:10.2f}")
    return "\n".join(parts)


def _pages_of(person: SignedIn, diary: Diary) -> dict[str, Callable[[], object]]:
    """The page of somebody of ten treatments, the first of the smaller clinic, so that it is the same at both sizes."""
    longest = rows(
        "SELECT patient_id FROM treatments_treatment GROUP BY patient_id HAVING count(*) = 10 ORDER BY 1 LIMIT 1"
    )
    somebody = Patient.objects.get(pk=longest[0][0]) if longest else Patient.objects.order_by("pk")[0]
    at_the_diary = Patient.objects.get(pk=diary.patients[0][0])
    day, search = diary.full_day, _search(person, at_the_diary, diary)
    addresses = {
        "due list, overdue, first page": "/due/overdue/",
        "patient page, 10 treatments": f"/patients/{somebody.public_id}/",
        "calendar of a day, 20 practitioners": reverse("calendar_day", args=[day]),
        "a pressed day of the booking page": f"{reverse('times')}?search={search}&use_day={day}",
    }
    sides: dict[str, Callable[[], object]] = {EMPTY: lambda: person.get("/nothing/")}
    for name, address in addresses.items():
        sides[name] = lambda address=address: person.get(address)
    for name, text in (("telephone number", somebody.phone), ("five letters", somebody.family_name[:5])):
        sides[f"typed into search: {name}"] = lambda text=text: person.type_into("/patients/", q=text)
    return sides


def _search(person: SignedIn, patient: Patient, diary: Diary) -> str:
    """What the booking page of a patient seals into its form."""
    page = person.get(f"/patients/{patient.public_id}/book/?practitioner={diary.staff[0].pk}").decode()
    return page.split('id="search" value="')[1].split('"')[0]
