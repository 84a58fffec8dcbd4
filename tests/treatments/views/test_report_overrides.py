"""The report on overrides: by person, by rule, one by one, and as a file."""

import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.test import Client

from clinic.models import AuditEvent, User
from tests import factories
from tests.factories import NOW, TODAY
from treatments.models import Appointment
from treatments.services import appointments
from treatments.services.overrides import Override
from treatments.views import report_overrides

pytestmark = pytest.mark.django_db
WORDS = "Agreed with her physician, =1+1"
PAGE, FILE = "/reports/overrides/", "/reports/overrides/export.csv"


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def manager() -> Client:
    return signed_in("manager")


def signed_in(role: str) -> Client:
    client = Client()
    client.force_login(factories.staff(role))
    return client


def prescriber(**fields) -> User:
    return factories.staff("injector", prescriber=True, **fields)


def overridden(
    by: User, *, at: datetime = NOW, kinds: tuple[str, ...] = ("aminoglycoside",), family_name: str = "Marsh"
) -> Appointment:
    """A visit for which the prescriber went on in spite of these flags."""
    person = factories.patient(family_name=family_name)
    for kind in kinds:
        factories.flag(person, kind, starts_on=date(2026, 6, 1))
    day = at + timedelta(days=9)
    booking = appointments.Booking(
        patient=person,
        indications=(factories.indication(),),
        practitioner=factories.practitioner(),
        room=factories.room(),
        starts_at=datetime(day.year, day.month, day.day, 10, tzinfo=UTC),
        minutes=30,
    )
    decision = Override(by, "benefit", WORDS)
    return appointments.book(booking, by=by, at=at, override=decision, acknowledged=True)


def text_of(response) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def table(response, slug: str) -> list[list[str]]:
    tables = [*response.context["tables"], *response.context["open_tables"]]
    return [[cell["text"] for cell in row] for one in tables if one["slug"] == slug for row in one["rows"]]


@pytest.mark.parametrize("address", [PAGE, FILE])
@pytest.mark.parametrize(
    ("role", "status"), [("manager", 200), ("injector", 200), ("auditor", 200), ("reception", 403)]
)
def test_who_may_see_it(address: str, role: str, status: int) -> None:
    overridden(prescriber())
    client = signed_in(role)

    assert client.get(address).status_code == (404 if role == "injector" and address == FILE else status)


def test_an_injector_sees_the_decisions_of_their_own() -> None:
    osei, lin = prescriber(), prescriber()
    factories.practitioner(name="R. Osei", user=osei)
    overridden(osei)
    overridden(lin)
    client = Client()
    client.force_login(osei)

    response = client.get(PAGE)

    assert response.context["report"].answer == "1 override by 1 prescriber, from 24-Aug-2026 to 22-Nov-2026."
    assert [row[1] for row in table(response, "decisions")] == [str(osei)]


def test_an_auditor_sees_every_decision_and_no_name() -> None:
    shown = overridden(prescriber(), family_name="Okafor")

    response = signed_in("auditor").get(PAGE)

    (row,) = table(response, "decisions")
    assert (row[2], row[7]) == (shown.patient.public_id, "")
    assert "OKAFOR" not in response.content.decode()


def test_it_says_how_many_by_whom_against_what_and_why(manager: Client) -> None:
    osei = prescriber(first_name="Rhea", last_name="Osei")
    lin = prescriber(first_name="Tom", last_name="Lin")
    overridden(osei)
    overridden(osei, kinds=("aminoglycoside", "trying_to_conceive"))
    shown = overridden(lin, family_name="Okafor")

    response = manager.get(PAGE)

    assert response.context["report"].answer == "3 overrides by 2 prescribers, from 24-Aug-2026 to 22-Nov-2026."
    assert table(response, "prescribers") == [["Rhea Osei", "2"], ["Tom Lin", "1"]]
    rules = table(response, "rules")
    assert [row[1:] for row in rules] == [["3", "3", ""], ["1", "1", ""]]
    (last, *_others) = table(response, "decisions")
    assert last[:4] == ["22-Nov-2026 09:00", "Tom Lin", f"OKAFOR, Alina {shown.patient.public_id}", "01-Dec-2026"]
    assert last[5:] == [rules[0][0], "The benefit outweighs the risk for this patient", WORDS]


def test_a_rule_that_is_overridden_most_of_the_time_is_marked_once_enough_visits_stood_under_it(
    manager: Client, monkeypatch
):
    monkeypatch.setattr(report_overrides, "NEEDED", 2)
    by = prescriber()
    overridden(by)
    overridden(by, kinds=("aminoglycoside", "trying_to_conceive"))

    response = manager.get(PAGE)

    rules = table(response, "rules")
    assert [row[1:] for row in rules] == [["2", "2", "Rule may be wrong"], ["1", "1", ""]]
    assert "2 of 2, 100 %" in text_of(response)
    assert "1 of 2 visits needed" in text_of(response)


def test_only_the_days_asked_for_count(manager: Client) -> None:
    by = prescriber()
    overridden(by, at=NOW - timedelta(days=2))
    overridden(by, at=NOW - timedelta(days=1))
    overridden(by)

    def rows(first: date, last: date) -> list[str]:
        response = manager.get(PAGE, {"first": first.isoformat(), "last": last.isoformat()})
        return [row[0][:11] for row in table(response, "decisions")]

    assert rows(TODAY, TODAY) == ["22-Nov-2026"]
    assert rows(TODAY - timedelta(days=2), TODAY - timedelta(days=1)) == ["21-Nov-2026", "20-Nov-2026"]


def test_the_days_are_those_of_the_clinic(manager: Client) -> None:
    overridden(prescriber(), at=datetime(2026, 10, 1, 23, 30, tzinfo=UTC))  # 2 October, 00:30 in London

    found = {
        day: len(table(manager.get(PAGE, {"first": day, "last": day}), "decisions"))
        for day in ("2026-10-01", "2026-10-02")
    }

    assert found == {"2026-10-01": 0, "2026-10-02": 1}


def test_it_is_narrowed_to_a_person_and_a_rule(manager: Client) -> None:
    osei, lin = prescriber(username="osei"), prescriber(username="lin")
    overridden(osei)
    overridden(lin)
    overridden(lin, kinds=("trying_to_conceive",))

    def n_rows(**asked: str) -> int:
        return len(table(manager.get(PAGE, asked), "decisions"))

    numbers = [n_rows(by="lin"), n_rows(rule="aminoglycoside"), n_rows(by="lin", rule="aminoglycoside")]
    assert numbers == [2, 2, 1]


@pytest.mark.parametrize(
    ("asked", "field", "sentence"),
    [
        ({"first": ""}, "first", "Enter the first day."),
        ({"last": "31/02/2026"}, "last", "Date must be a real date, like 14/07/2026."),
        ({"first": "2026-11-22", "last": "2026-11-01"}, "first", "From must be the same as or before To."),
        ({"by": "nobody"}, "by", "Choose one of the list."),
        ({"rule": "\x00"}, "rule", "Choose one of the list."),
    ],
)
def test_nonsense_in_the_address_gets_a_sentence(manager: Client, asked: dict, field: str, sentence: str) -> None:
    overridden(prescriber())

    response = manager.get(PAGE, asked)

    assert response.status_code == 200
    assert response.context["form"].errors[field] == [sentence]
    assert manager.get(FILE, asked).status_code == (404 if field in ("first", "last") else 200)


def test_a_wrong_day_leaves_all_rules_and_prescribers_to_choose(manager: Client) -> None:
    form = manager.get(PAGE, {"last": "31/02/2026"}).context["form"]

    assert [form.fields[name].choices for name in ("by", "rule")] == [[("", "All")], [("", "All")]]


def test_without_any_it_says_so(manager: Client) -> None:
    sentence = "No rule was overridden from 24-Aug-2026 to 22-Nov-2026."

    response = manager.get(PAGE)

    assert response.context["report"].answer == sentence
    assert FILE not in response.content.decode()


def test_the_file_holds_the_same_and_that_it_was_taken_stays(manager: Client) -> None:
    shown = overridden(prescriber(first_name="Tom", last_name="Lin"), kinds=("aminoglycoside", "trying_to_conceive"))

    response = manager.get(FILE, {"rule": "aminoglycoside"})

    (line,) = csv.DictReader(io.StringIO(response.content.decode("utf-8-sig")))
    assert (line["Decided"], line["Prescriber"]) == ("2026-11-22 09:00", "Tom Lin")
    assert (line["Visit"], line["In own words"], line["Overridden rule"].count(",")) == ("01-Dec-2026", WORDS, 1)
    assert line["Patient"].endswith(shown.patient.public_id)
    assert response["Content-Disposition"] == 'attachment; filename="overrides-decisions-2026-11-22.csv"'
    event = AuditEvent.objects.get(verb="report.exported")
    details = event.details
    assert (details["report"], details["rows"], details["rule"], details["names"]) == (
        "overrides",
        1,
        "aminoglycoside",
        True,
    )


def test_a_cell_of_the_file_is_never_a_formula(manager: Client) -> None:
    by = prescriber()
    visit = overridden(by, family_name="Marsh")
    User.objects.filter(pk=by.pk).update(first_name="=1+1", last_name="")

    text = manager.get(FILE).content.decode("utf-8-sig")

    assert visit.patient.public_id in text
    assert [cell for row in csv.reader(io.StringIO(text)) for cell in row if cell.startswith("=")] == []


@pytest.mark.parametrize("number", [1, 30])
def test_it_costs_the_same_queries_whatever_the_number(manager: Client, django_assert_num_queries, number: int) -> None:
    by = prescriber()
    for _i in range(number):
        overridden(by)
    manager.get(PAGE)

    with django_assert_num_queries(9):
        response = manager.get(PAGE)

    assert len(table(response, "decisions")) == number
