"""The due list against the rule it must agree with, its counts, filters, and paging by key."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from itertools import product

import pytest
from django.core.exceptions import ValidationError

from clinic.models import Practitioner
from tests import factories
from tests.factories import BY, NOW, TODAY
from treatments.models import Course, Patient
from treatments.queries import due, due_counts, due_report, history
from treatments.queries import due_beside as beside
from treatments.queries import due_tabs as tabs
from treatments.queries.due import Cursor
from treatments.queries.due_tabs import Filters
from treatments.queries.rulebook import rulebook
from treatments.rules.findings import Refused
from treatments.rules.intervals import band_on, forecast
from treatments.rules.vocabulary import AppointmentState, Band, Outcome, TreatmentKind
from treatments.services import appointments, contacts, courses, due_dates, durations, flags, patients, treatments

pytestmark = pytest.mark.django_db

# Facial lines treated with Botox here: due after 3 calendar months, overdue after 4, lapsed after 12.
SOON, DUE, OVERDUE, LAPSED = date(2026, 8, 30), date(2026, 8, 10), date(2026, 7, 1), date(2025, 11, 1)


def course(treated_on: date = OVERDUE, *, person: Patient | None = None, **fields) -> Course:
    person = person or factories.patient()
    area = fields.get("area", "glabellar_lines")
    factories.treated(person, treated_on, **fields)
    return person.courses.get(indication__code=area)


def book(wanted: Course, *, days: int = 3, practitioner: Practitioner | None = None):
    booking = appointments.Booking(
        patient=wanted.patient,
        indications=(wanted.indication,),
        practitioner=practitioner or factories.practitioner(),
        room=factories.room(),
        starts_at=datetime(2026, 11, 22, 10, 0, tzinfo=UTC) + timedelta(days=days),
        minutes=30,
    )
    return appointments.book(booking, by=factories.staff("reception"), at=NOW, acknowledged=True)


def codes(tab: tabs.Tab, **filters) -> list[str]:
    return [row.public_id for row in due.page(tab, TODAY, Filters(**filters)).rows]


# ---- agreement with the rule ----


def some_patient(rnd: random.Random) -> Patient:
    """Somebody with a few treatments here and elsewhere, voided and sub-standard ones, flags, and perhaps an end."""
    person = factories.patient(born_on=date(rnd.randint(1950, 2006), rnd.randint(1, 12), 29 - rnd.randint(1, 5)))
    for _n in range(rnd.randint(0, 3)):
        area = rnd.choice(["glabellar_lines", "forehead_lines", "chronic_migraine", "strabismus"])
        on = TODAY - timedelta(days=rnd.randint(0, 500))
        expires_on = date(2030, 1, 1) if rnd.random() < 0.8 else on - timedelta(days=1)
        given = factories.treated(person, on, area=area, expires_on=expires_on)
        if rnd.random() < 0.15:
            treatments.void(given, reason="Entered for the wrong patient", by=BY, at=NOW)
    if rnd.random() < 0.2:
        first = TODAY - timedelta(days=rnd.randint(20, 300))
        treatments.record_elsewhere(
            patient=person, indications=[factories.indication()], not_before_on=first,
            performed_on=first + timedelta(days=rnd.randint(0, 20)), product=None, units=None, note="", by=BY, at=NOW,
        )  # fmt: skip
    for _n in range(rnd.choice([0, 0, 1, 2])):
        starts_on = TODAY - timedelta(days=rnd.randint(-60, 200))
        ends_on = starts_on + timedelta(days=rnd.randint(0, 120)) if rnd.random() < 0.6 else None
        kind = rnd.choice(["pregnancy", "aminoglycoside", "anticoagulant_or_antiplatelet", "urinary_tract_infection"])
        factories.flag(person, kind, starts_on=starts_on, **({"ends_on": ends_on} if ends_on else {}))
    if rnd.random() < 0.1:
        patients.amend(person, changes={"died_on": TODAY - timedelta(days=rnd.randint(0, 90))}, by=BY, at=NOW)
    for running in person.courses.all():
        if rnd.random() < 0.1:
            courses.stop(running, reason="Moved away", by=BY, at=NOW)
    return person


@pytest.mark.parametrize("seed", [1, 2])
def test_every_row_of_the_report_has_the_band_and_dates_of_the_rule(seed: int):
    rnd = random.Random(seed)
    people = {person.public_id: person for person in (some_patient(rnd) for _n in range(30))}
    book_of_rules, expected_bands = rulebook(TODAY), set()
    facts = {public_id: history.facts(Patient.objects.get(pk=person.pk)) for public_id, person in people.items()}
    stopped = {
        (c.patient.public_id, c.indication.code): c.stopped_on
        for c in Course.objects.select_related("patient", "indication")
    }

    for day in (TODAY + timedelta(days=shift) for shift in (-200, -40, -1, 0, 1, 25, 60, 200, 500)):
        rows = [dict(zip(due_report.COLUMNS, row, strict=True)) for row in due_report.rows(day)]
        assert len(rows) == len(stopped)
        for row in rows:
            about = facts[row["public_id"]]
            known = forecast(row["indication"], about, book_of_rules)
            ends = (stopped[row["public_id"], row["indication"]], about.died_on)
            expected = band_on(known, day, stopped=any(end and end <= day for end in ends))
            expected_bands.add(expected)
            assert row["band"] == expected
            for name in ("last_treated_on", "earliest_on", "due_from", "due_until", "overdue_from", "lapsed_from"):
                assert row[name] == (getattr(known, name).isoformat() if getattr(known, name) else "")

    assert expected_bands == set(Band), "the random people leave a band out: the test proves less than it says"


@pytest.mark.parametrize("seed", [3])
def test_tabs_hold_what_the_report_says_and_the_counts_count_it(seed: int):
    rnd = random.Random(seed)
    for _n in range(30):
        some_patient(rnd)

    for day in (TODAY, TODAY + timedelta(days=40)):
        bands = {(row[0], row[3]): row[10] for row in due_report.rows(day)}
        opens = {(row[0], row[3]): row[6] for row in due_report.rows(day)}
        last = (day + timedelta(days=21)).isoformat()
        expected_in = {
            tabs.SOON: {k for k, b in bands.items() if b in ("too_soon", "possible") and opens[k] and opens[k] <= last},
            tabs.NOW: {k for k, b in bands.items() if b == "due"},
            tabs.OVERDUE: {k for k, b in bands.items() if b == "overdue"},
            tabs.LAPSED: {k for k, b in bands.items() if b == "lapsed"},
            tabs.ON_HOLD: {k for k, b in bands.items() if b == "on_hold"},
            tabs.REVIEW: {k for k, b in bands.items() if b == "needs_review"},
        }
        counted = due_counts.counts(day, Filters())
        for tab, expected in expected_in.items():
            page = due.page(tab, day, Filters(), size=500)
            assert {(row.public_id, row.code) for row in page.rows} == expected
            assert counted[tab.slug] == len(expected)


def lives(rnd: random.Random, person: Patient) -> None:
    """What happens to somebody's courses between two treatments."""
    for wanted in person.courses.select_related("patient", "indication"):
        fate = rnd.choice(["booked", "cancelled", "closed", "called", "later", "", ""])
        try:
            if fate in ("booked", "cancelled", "closed"):
                visit = book(wanted, days=rnd.randint(0, 30))
                if fate != "booked":
                    next_step = {"cancelled": "list", "closed": "close"}[fate]
                    appointments.cancel(visit, who="patient", reason="Away", what_next=next_step, by=BY, at=NOW)
            if fate == "called":
                contacts.log(wanted, outcome=rnd.choice([Outcome.NO_ANSWER, Outcome.LEFT_MESSAGE]), by=BY, at=NOW)
            if fate == "later":
                until = TODAY + timedelta(days=rnd.randint(1, 60))
                contacts.log(wanted, outcome=Outcome.NOT_NOW, until=until, reason="Away", by=BY, at=NOW)
        except (Refused, ValidationError):
            continue
    if rnd.random() < 0.2:
        patients.amend(person, changes={"contact_consent": "no"}, by=BY, at=NOW)


def plainly(day: date) -> dict[str, list[int]]:
    """Who is to be called, said once more without the kept columns: from visits, contacts, consents and the report."""
    bands = {(row[0], row[3]): row[10] for row in due_report.rows(day)}
    found: dict[str, list[tuple]] = {tab.slug: [] for tab in (*tabs.CALLED, tabs.SNOOZED)}
    for one in Course.objects.select_related("patient", "indication"):
        band = bands[one.patient.public_id, one.indication.code]
        visits = list(one.appointments.order_by("state_at", "pk"))
        booked = any(visit.on >= day and visit.state in beside.TAKEN for visit in visits)
        if band in ("stopped", "on_hold", "needs_review") or booked or one.patient.contact_consent == "no":
            continue
        held = any(visit.state == "on_hold" for visit in visits)
        n_full = one.treatments.filter(treatment__kind="full", treatment__voided_at=None).count()
        rank = 0 if held else 1 if n_full > 1 and one.indication.kind == "therapeutic" else 2 if n_full == 1 else 3
        last = one.attempts.filter(undone_at=None, snoozed_until__isnull=False).order_by("-at", "-pk").first()
        ended = [visit for visit in visits if visit.state in ("cancelled", "missed") and visit.what_next == "list"]
        if last and last.snoozed_until > day:
            found["snoozed"].append((last.snoozed_until, one.pk))
        elif ended:
            found["rebook"].append((rank, TODAY, one.pk))
        elif band == "lapsed":
            found["lapsed"].append((rank, -one.lapsed_from.toordinal(), -one.pk))
        elif band in ("due", "overdue"):
            found["now" if band == "due" else "overdue"].append((rank, one.overdue_from, one.pk))
        elif one.due_from and one.due_from <= day + timedelta(days=21):
            found["soon"].append((rank, one.due_from, one.pk))
    return {slug: [abs(row[-1]) for row in sorted(rows)] for slug, rows in found.items()}


@pytest.mark.parametrize("seed", [5, 6])
def test_a_call_tab_holds_who_is_to_be_called_in_its_order_and_nobody_else(seed: int):
    rnd = random.Random(seed)
    for _n in range(40):
        lives(rnd, some_patient(rnd))

    for day in (TODAY, TODAY + timedelta(days=3), TODAY + timedelta(days=25)):
        expected = plainly(day)
        counted = due_counts.counts(day, Filters(booked="no"))
        for tab in (*tabs.CALLED, tabs.SNOOZED):
            plain = [row.pk for row in due.page(tab, day, Filters(booked="no"), size=500).rows]
            filtered = due.narrowed(tab, Filters(booked="no"), day)
            assert plain == expected[tab.slug], tab
            assert sorted(filtered.values_list("pk", flat=True)) == sorted(plain)
            assert counted[tab.slug] == len(plain)
        everywhere = [pk for rows in expected.values() for pk in rows]
        assert len(set(everywhere)) == len(everywhere), "somebody is called from two tabs"


@pytest.mark.parametrize(
    ("treated_on", "tab"),
    [
        pytest.param(date(2026, 9, 13), tabs.SOON, id="window opens in 21 days"),
        pytest.param(date(2026, 8, 23), tabs.SOON, id="window opens tomorrow"),
        pytest.param(date(2026, 8, 22), tabs.NOW, id="window opens today"),
        pytest.param(date(2026, 7, 22), tabs.NOW, id="last good day"),
        pytest.param(date(2026, 7, 21), tabs.OVERDUE, id="the day after"),
        pytest.param(date(2025, 11, 23), tabs.OVERDUE, id="the day before the lapse"),
        pytest.param(date(2025, 11, 22), tabs.LAPSED, id="twelve months"),
    ],
)
def test_a_course_is_in_exactly_one_tab(treated_on: date, tab: tabs.Tab):
    person = course(treated_on).patient.public_id

    assert [found for found in tabs.TABS.values() if codes(found) == [person]] == [tab]


def test_a_window_that_opens_in_22_days_is_in_no_tab():
    course(date(2026, 9, 14))

    assert [codes(tab) for tab in tabs.TABS.values()] == [[]] * 8


def test_who_has_died_and_who_was_stopped_are_in_no_tab():
    dead, stopped, other = course(), course(), course()
    patients.amend(dead.patient, changes={"died_on": TODAY}, by=BY, at=NOW)
    courses.stop(stopped, reason="Moved away", by=BY, at=NOW)

    assert [codes(tab) for tab in tabs.TABS.values()] == [[], [], [other.patient.public_id], [], [], [], [], []]
    assert sum(due_counts.counts(TODAY, Filters()).values()) == 1


# ---- filters ----


def test_filters_narrow_the_page_and_the_counts_alike():
    osei, lin = factories.practitioner(name="Dr Osei"), factories.practitioner(name="T. Lin")
    frown = course(practitioner=osei)
    brow = course(area="forehead_lines", practitioner=lin)
    book(brow)

    for filters, expected in (
        (Filters(), [frown, brow]),
        (Filters(indication="forehead_lines"), [brow]),
        (Filters(practitioner="Dr Osei"), [frown]),
        (Filters(booked="yes"), [brow]),
        (Filters(booked="no"), [frown]),
        (Filters(practitioner="Dr Osei", booked="yes"), []),
        (Filters(practitioner="Nobody"), []),
    ):
        page = due.page(tabs.OVERDUE, TODAY, filters)
        assert sorted(row.pk for row in page.rows) == sorted(c.pk for c in expected)
        assert due_counts.number(tabs.OVERDUE, TODAY, filters) == len(expected)


def test_the_last_injector_is_the_one_of_the_last_full_treatment_that_counts():
    osei, lin = factories.practitioner(name="Dr Osei"), factories.practitioner(name="T. Lin")
    found = course(date(2026, 3, 1), practitioner=osei)
    factories.treated(found.patient, date(2026, 3, 15), kind=TreatmentKind.TOUCH_UP, practitioner=lin)
    voided = factories.treated(found.patient, date(2026, 7, 1), practitioner=lin)
    treatments.void(voided, reason="Entered for the wrong patient", by=BY, at=NOW)

    (row,) = due.page(tabs.OVERDUE, TODAY, Filters()).rows
    assert row.injector == "Dr Osei"
    assert codes(tabs.OVERDUE, practitioner="T. Lin") == []


def test_a_visit_on_hold_is_shown_but_nobody_is_booked_by_it():
    held = course()
    visit = book(held)
    flag = factories.flag(held.patient, "acute_illness_or_fever", ends_on=TODAY + timedelta(days=10))
    flags.end(flag, ends_on=TODAY, by=BY, at=NOW, reason="Feels well again")

    found = beside.next_visits([held.pk], TODAY)[held.pk]
    assert (found.public_id, found.on, found.state) == (visit.public_id, visit.on, AppointmentState.ON_HOLD)
    assert codes(tabs.OVERDUE, booked="no") == [held.patient.public_id]
    assert dict(zip(due_report.COLUMNS, next(due_report.rows(TODAY)), strict=True))["booked_on"] == ""


def test_the_next_visit_is_the_first_booked_one_from_the_day_on():
    wanted = course()
    book(wanted, days=20)
    first = book(wanted, days=5)
    appointments.cancel(book(wanted, days=1), who="patient", reason="Has a cold", by=BY, at=NOW)

    assert beside.next_visits([wanted.pk], TODAY)[wanted.pk].public_id == first.public_id
    assert beside.next_visits([wanted.pk], first.on + timedelta(days=1))[wanted.pk].on == TODAY + timedelta(days=20)


# ---- order and pages ----


@pytest.mark.parametrize("size", [1, 3, 7])
@pytest.mark.parametrize("tab", [tabs.OVERDUE, tabs.LAPSED, tabs.ON_HOLD])
def test_pages_by_key_show_every_row_once_forwards_and_back(tab: tabs.Tab, size: int):
    for number in range(7):
        held = course(
            LAPSED - timedelta(days=number // 3) if tab == tabs.LAPSED else OVERDUE - timedelta(days=number // 3)
        )
        if tab == tabs.ON_HOLD:
            factories.flag(held.patient, review_on=TODAY + timedelta(days=30 + number // 2))
    whole = [row.pk for row in due.page(tab, TODAY, Filters()).rows]

    forwards, page = [], due.page(tab, TODAY, Filters(), size=size)
    assert page.before is None
    pages = [page]
    while page.after:
        page = due.page(tab, TODAY, Filters(), cursor=page.after, size=size)
        pages.append(page)
    forwards = [row.pk for page in pages for row in page.rows]
    back = []
    while page.before:
        page = due.page(tab, TODAY, Filters(), cursor=page.before, size=size)
        back.append([row.pk for row in page.rows])

    assert len(whole) == 7
    assert forwards == whole
    assert back == [[row.pk for row in page.rows] for page in reversed(pages[:-1])]


@pytest.mark.parametrize("size", [1, 2, 3, 50])
@pytest.mark.parametrize("narrow", [{}, {"indication": "cervical_dystonia"}, {"practitioner": "Dr Osei"}])
def test_reason_stands_before_the_date_on_every_page_forwards_and_back(narrow: dict, size: int):
    osei, lin = factories.practitioner(name="Dr Osei"), factories.practitioner(name="T. Lin")
    for number, (area, earlier) in enumerate(product(["glabellar_lines", "cervical_dystonia"], [0, 0, 1, 1])):
        person, who = factories.patient(), (osei, lin)[number % 3 == 0]
        for cycle in range(earlier + 1):
            performed_on = OVERDUE - timedelta(days=number % 4 + 140 * (earlier - cycle))
            factories.treated(person, performed_on, area=area, practitioner=who)
    expected = Course.objects.order_by("call_rank", "overdue_from", "pk")
    expected = [
        each.pk
        for each in expected
        if narrow.get("indication", each.indication.code) == each.indication.code
        and narrow.get("practitioner", each.last_injector.name) == each.last_injector.name
    ]
    filters = Filters(booked="no", **narrow)

    pages = [due.page(tabs.OVERDUE, TODAY, filters, size=size)]
    while pages[-1].after:
        pages.append(due.page(tabs.OVERDUE, TODAY, filters, cursor=pages[-1].after, size=size))
    back = [pages[-1]]
    while back[-1].before:
        back.append(due.page(tabs.OVERDUE, TODAY, filters, cursor=back[-1].before, size=size))

    assert len(set(Course.objects.values_list("call_rank", flat=True))) == 3
    assert [row.pk for found in pages for row in found.rows] == expected
    assert [found.rows for found in reversed(back)] == [found.rows for found in pages]
    assert due_counts.counts(TODAY, filters)["overdue"] == len(expected) > 2


def test_each_tab_has_its_order():
    overdue = [course(OVERDUE - timedelta(days=days)) for days in (0, 60, 30)]
    lapsed = [course(LAPSED - timedelta(days=days)) for days in (0, 600, 300)]

    assert codes(tabs.OVERDUE) == [overdue[i].patient.public_id for i in (1, 2, 0)]
    assert codes(tabs.LAPSED) == [lapsed[i].patient.public_id for i in (0, 2, 1)]


def test_a_cursor_of_a_row_that_has_gone_still_knows_its_place():
    early, late = course(OVERDUE - timedelta(days=9)), course(OVERDUE)

    page = due.page(tabs.OVERDUE, TODAY, Filters(), cursor=Cursor(early.call_rank, early.overdue_from, early.pk))

    assert [row.pk for row in page.rows] == [late.pk]


def test_somebody_overdue_for_almost_as_long_as_anybody_can_be_is_still_listed():
    """Reading by date begins late enough to skip the lapsed and early enough to skip nobody else."""
    last = course(date(2025, 11, 23))

    assert [row.pk for row in due.page(tabs.OVERDUE, TODAY, Filters()).rows] == [last.pk]


@pytest.mark.parametrize(
    ("tab", "treated_on", "expected"),
    [
        (tabs.SOON, date(2026, 9, 14), date(2026, 12, 14)),
        (tabs.NOW, date(2026, 9, 14), date(2026, 12, 14)),
        (tabs.OVERDUE, date(2026, 8, 10), date(2026, 12, 11)),
        (tabs.LAPSED, date(2026, 7, 1), date(2027, 7, 1)),
        (tabs.ON_HOLD, date(2026, 7, 1), None),
        (tabs.REVIEW, date(2026, 7, 1), None),
    ],
)
def test_the_next_day_of_an_empty_tab(tab: tabs.Tab, treated_on: date, expected: date | None):
    course(treated_on)

    assert due.page(tab, TODAY, Filters()).rows == []
    assert due_counts.next_day(tab, TODAY) == expected


def test_holds_name_each_stop_in_force_with_its_flag():
    held = course()
    first = factories.flag(held.patient, starts_on=TODAY - timedelta(days=5))
    second = factories.flag(held.patient, "aminoglycoside", starts_on=TODAY, ends_on=TODAY + timedelta(days=4))
    factories.flag(held.patient, "breastfeeding", starts_on=TODAY + timedelta(days=30))

    found = beside.holds([held.pk], TODAY)[held.pk]

    assert [(hold.flag, hold.ends_on, hold.review_on) for hold in found] == [
        (first.public_id, None, date(2027, 4, 2)),
        (second.public_id, TODAY + timedelta(days=4), None),
    ]
    row = dict(zip(due_report.COLUMNS, next(due_report.rows(TODAY)), strict=True))
    assert row["hold_reasons"] == "; ".join(sorted(hold.label for hold in found))


def test_the_report_says_which_window_decides_and_who_set_it():
    by = factories.staff("reception", username="maya", first_name="Maya", last_name="Reyes").username
    by_hand, pinned, usual = course(), course(), course()
    factories.patient(family_name="Untreated")
    due_dates.set_window(by_hand, due_from=TODAY, due_until=TODAY + timedelta(days=9), reason="Holiday", by=by, at=NOW)
    durations.pin(pinned, low_days=100, high_days=140, by=by, at=NOW)

    rows = {row[0]: dict(zip(due_report.COLUMNS, row, strict=True)) for row in due_report.rows(TODAY)}

    names = ("window", "set_by", "set_on", "set_reason", "computed_from", "computed_until")
    assert {c.pk: tuple(rows[c.patient.public_id][name] for name in names) for c in (by_hand, pinned, usual)} == {
        by_hand.pk: ("set_by_hand", "Maya Reyes", "2026-11-22", "Holiday", "2026-10-01", "2026-11-01"),
        pinned.pk: ("pinned", "", "", "", "", ""),
        usual.pk: ("computed", "", "", "", "", ""),
    }


# ---- cost ----


@pytest.mark.parametrize(
    ("number", "queries"), [pytest.param(1, 6, id="1 course"), pytest.param(12, 6, id="12 courses")]
)
def test_the_report_costs_six_queries(django_assert_num_queries, number: int, queries: int):
    for _n in range(number):
        booked = course()
        book(booked)
        due_dates.set_window(
            booked, due_from=TODAY, due_until=TODAY + timedelta(days=9), reason="Holiday", by=BY, at=NOW
        )

    with django_assert_num_queries(queries):
        assert len(list(due_report.rows(TODAY))) == number
