"""The report on overrides: by person, by rule, one by one, and as a file."""

import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from clinic.models import AuditEvent, User
from tests import factories
from tests.factories import NOW, TODAY
from treatments.models import Appointment
from treatments.services import appointments
from treatments.services.overrides import Override

pytestmark = pytest.mark.django_db
WORDS = "Agreed with her physician, =1+1"


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


@pytest.mark.parametrize("name", ["overrides", "overrides_csv"])
@pytest.mark.parametrize(
    ("role", "status"), [("manager", 200), ("injector", 200), ("auditor", 200), ("reception", 403)]
)
def test_who_may_see_it(name: str, role: str, status: int) -> None:
    client = signed_in(role)

    assert client.get(reverse(name)).status_code == status
    assert (reverse("overrides") in client.get(reverse("today")).content.decode()) == (status == 200)


def test_it_says_how_many_by_whom_against_what_and_why(manager: Client) -> None:
    osei = prescriber(first_name="Rhea", last_name="Osei")
    lin = prescriber(first_name="Tom", last_name="Lin")
    overridden(osei)
    overridden(osei, kinds=("aminoglycoside", "trying_to_conceive"))
    shown = overridden(lin, family_name="Okafor")

    response = manager.get(reverse("overrides"))

    context = response.context
    assert context["answer"] == "3 overrides by 2 prescribers, from 24-Aug-2026 to 22-Nov-2026."
    assert context["people"] == [("Rhea Osei", 2), ("Tom Lin", 1)]
    assert [number for _name, number in context["rules"]] == [3, 1]
    row = context["rows"][0]
    assert (row["patient"], row["visit_url"], row["on"]) == (
        "OKAFOR, Alina",
        shown.get_absolute_url(),
        "01-Dec-2026",
    )
    assert (row["by"], str(row["reason"]), row["words"]) == (
        "Tom Lin",
        "The benefit outweighs the risk for this patient",
        WORDS,
    )
    assert context["rules"][0][0] in text_of(response)


def test_only_the_days_asked_for_count(manager: Client) -> None:
    by = prescriber()
    overridden(by, at=NOW - timedelta(days=2))
    overridden(by, at=NOW - timedelta(days=1))
    overridden(by)

    def rows(first: date, last: date) -> list[str]:
        response = manager.get(reverse("overrides"), {"first": first.isoformat(), "last": last.isoformat()})
        return [row["at"][:11] for row in response.context["rows"]]

    assert rows(TODAY, TODAY) == ["22-Nov-2026"]
    assert rows(TODAY - timedelta(days=2), TODAY - timedelta(days=1)) == ["21-Nov-2026", "20-Nov-2026"]


def test_the_days_are_those_of_the_clinic(manager: Client) -> None:
    overridden(prescriber(), at=datetime(2026, 10, 1, 23, 30, tzinfo=UTC))  # 2 October, 00:30 in London

    found = {
        day: len(manager.get(reverse("overrides"), {"first": day, "last": day}).context["rows"])
        for day in ("2026-10-01", "2026-10-02")
    }

    assert found == {"2026-10-01": 0, "2026-10-02": 1}


def test_it_is_narrowed_to_a_person_and_a_rule(manager: Client) -> None:
    osei, lin = prescriber(username="osei"), prescriber(username="lin")
    overridden(osei)
    overridden(lin)
    overridden(lin, kinds=("trying_to_conceive",))

    def n_rows(**asked: str) -> int:
        return len(manager.get(reverse("overrides"), asked).context["rows"])

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

    response = manager.get(reverse("overrides"), asked)

    assert response.status_code == 200
    assert response.context["form"].errors[field] == [sentence]
    assert manager.get(reverse("overrides_csv"), asked).status_code == 200


def test_without_any_it_says_so(manager: Client) -> None:
    sentence = "No rule was overridden from 24-Aug-2026 to 22-Nov-2026."

    response = manager.get(reverse("overrides"))

    assert sentence in text_of(response)
    assert reverse("overrides_csv") not in response.content.decode()


def test_the_file_holds_the_same_and_that_it_was_taken_stays(manager: Client) -> None:
    shown = overridden(prescriber(first_name="Tom", last_name="Lin"), kinds=("aminoglycoside", "trying_to_conceive"))

    response = manager.get(reverse("overrides_csv"), {"rule": "aminoglycoside"})

    (line,) = csv.DictReader(io.StringIO(response.content.decode("utf-8-sig")))
    assert (line["decided_at"], line["prescriber"], line["visit"]) == (
        "2026-11-22 09:00",
        "Tom Lin",
        shown.public_id,
    )
    assert (line["visit_on"], line["words"], line["rules"].count(",")) == ("2026-12-01", WORDS, 1)
    assert response["Content-Disposition"] == 'attachment; filename="overrides-2026-11-22.csv"'
    event = AuditEvent.objects.get(verb="overrides.exported")
    assert (event.details["rows"], event.details["rule"]) == (1, "aminoglycoside")


def test_a_cell_of_the_file_is_never_a_formula(manager: Client) -> None:
    by = prescriber()
    visit = overridden(by, family_name="Marsh")
    User.objects.filter(pk=by.pk).update(first_name="=1+1", last_name="")

    text = manager.get(reverse("overrides_csv")).content.decode("utf-8-sig")

    assert visit.public_id in text
    assert [cell for row in csv.reader(io.StringIO(text)) for cell in row if cell.startswith("=")] == []


@pytest.mark.parametrize("number", [1, 30])
def test_it_costs_six_queries_whatever_the_number(manager: Client, django_assert_num_queries, number: int) -> None:
    by = prescriber()
    for _i in range(number):
        overridden(by)
    manager.get(reverse("overrides"))

    with django_assert_num_queries(6):
        response = manager.get(reverse("overrides"))

    assert len(response.context["rows"]) == number
