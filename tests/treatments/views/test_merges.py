"""Two records of one person: found, compared, merged, parted again, and who may."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from tests import factories
from tests.factories import NOW
from treatments.models import Appointment, Patient, PatientMerge
from treatments.services import appointments, merges, patients

pytestmark = pytest.mark.django_db
REASON = "Said so herself, passport seen"
PAGES = ["merge", "merge_compare", "merge_confirm", "merge_undo"]


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def manager() -> Client:
    return signed_in("manager")


@pytest.fixture
def pair() -> tuple[Patient, Patient]:
    """One person as married and as born, on one day with one telephone."""
    kept = factories.patient(family_name="Marsh", phone="+447700900471")
    return kept, factories.patient(family_name="Okafor", phone="+447700900471")


def signed_in(role: str) -> Client:
    client = Client()
    client.force_login(factories.staff(role, first_name="Tom", last_name="Lin"))
    return client


def url(name: str, kept: Patient, gone: Patient) -> str:
    return reverse(name, args=[kept.public_id] if name == "merge" else [kept.public_id, gone.public_id])


def text_of(response) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def merged(kept: Patient, gone: Patient) -> PatientMerge:
    return merges.merge(kept, gone, reason=REASON, by="tester", at=NOW)


def visit(person: Patient, *, hour: int = 10) -> Appointment:
    booking = appointments.Booking(
        patient=person,
        indications=(factories.indication(),),
        practitioner=factories.practitioner(),
        room=factories.room(),
        starts_at=datetime(2026, 12, 1, hour, tzinfo=UTC),
        minutes=30,
    )
    return appointments.book(booking, by=factories.staff("reception"), at=NOW, acknowledged=True)


# ---- who may ----


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("role", ["reception", "injector", "auditor"])
def test_only_managers_merge(pair, name: str, role: str) -> None:
    if name == "merge_undo":
        merged(*pair)
    address, client = url(name, *pair), signed_in(role)

    answers = [client.get(address).status_code, client.post(address, {"reason": REASON, "q": "marsh"}).status_code]

    assert answers == [403, 405 if name == "merge_compare" else 403]
    assert PatientMerge.objects.filter(undone_at__isnull=True).count() == (name == "merge_undo")


@pytest.mark.parametrize(("role", "sees", "acts"), [("manager", 1, 1), ("auditor", 1, 0), ("injector", 0, 0)])
def test_the_record_says_what_was_merged_into_it(pair, role: str, sees: int, acts: int) -> None:
    kept, gone = pair
    merged(kept, gone)

    page = signed_in(role).get(kept.get_absolute_url()).content.decode()

    assert f"OKAFOR, Alina ({gone.public_id})" in page if sees else gone.public_id not in page
    assert (f'href="{url("merge_undo", kept, gone)}"' in page, f'href="{url("merge", kept, gone)}"' in page) == (
        bool(acts),
        bool(acts),
    )


# ---- finding the other one ----


def test_those_who_look_the_same_are_offered_first(manager: Client, pair) -> None:
    kept, gone = pair
    factories.patient(family_name="Bauer")

    response = manager.get(url("merge", *pair))

    assert "Looks the same 1 patient , born on the same day with the same name or phone" in text_of(response)
    assert [row["url"] for row in response.context["rows"]] == [url("merge_compare", kept, gone)]


def test_search_answers_by_post_and_leaves_the_record_itself_out(manager: Client, pair) -> None:
    response = manager.post(url("merge", *pair), {"q": "alina"})

    assert [row["public_id"] for row in response.context["rows"]] == [pair[1].public_id]
    assert "alina" not in "".join(re.findall(r'href="[^"]*"', response.content.decode())).lower()


def test_search_without_a_hit_says_what_to_do(manager: Client) -> None:
    person = factories.patient()
    address = reverse("merge", args=[person.public_id])

    nobody, nothing = text_of(manager.get(address)), text_of(manager.post(address, {"q": "zz<b>"}))

    assert "Nobody else on record looks the same. Search for the other record" in nobody
    assert "No other patient matches “zz&lt;b&gt;”." in nothing


@pytest.mark.parametrize("number", [1, 30])
def test_the_search_costs_as_many_queries_for_one_as_for_many(
    manager: Client, django_assert_num_queries, number: int
) -> None:
    person = factories.patient(family_name="Marsh")
    for _i in range(number):
        factories.patient(family_name="Okafor")
    manager.get(reverse("merge", args=[person.public_id]))

    with django_assert_num_queries(9):
        response = manager.post(reverse("merge", args=[person.public_id]), {"q": "okafor"})

    assert len(response.context["rows"]) == min(number, 20)
    assert ("The first 20 are shown." in text_of(response)) == (number > 20)


# ---- comparing ----


def test_both_stand_side_by_side_and_what_differs_is_marked(manager: Client, pair) -> None:
    kept, gone = pair
    factories.treated(gone, date(2026, 8, 1))

    response = manager.get(url("merge_compare", kept, gone))

    lines = {line["label"]: (line["kept"], line["gone"], line.get("differs")) for line in response.context["lines"]}
    assert lines["Name"] == ("MARSH, Alina", "OKAFOR, Alina", True)
    assert lines["Date of birth"] == ("14-Jul-1985", "14-Jul-1985", False)
    assert lines["Last treatment"] == ("", "01-Aug-2026", None)
    assert (response.context["refusal"], url("merge_confirm", kept, gone) in response.content.decode()) == ("", True)
    assert f'href="{url("merge_compare", gone, kept)}">Keep the other one</a>' in response.content.decode()


def test_two_birth_dates_are_said_and_nothing_is_offered(manager: Client, pair) -> None:
    kept, gone = pair
    patients.amend(gone, changes={"born_on": date(1985, 7, 15)}, by="tester", at=NOW)

    response = manager.get(url("merge_compare", kept, gone))
    confirm = manager.get(url("merge_confirm", kept, gone))

    assert "They cannot be merged as they are. The dates of birth differ." in text_of(response)
    assert url("merge_confirm", kept, gone) not in response.content.decode()
    assert confirm["Location"] == url("merge_compare", kept, gone)


def test_comparing_costs_as_many_queries_with_one_treatment_as_with_thirty(
    manager: Client, pair, django_assert_num_queries
) -> None:
    kept, gone = pair
    factories.treated(gone, date(2020, 1, 1))
    manager.get(url("merge_compare", kept, gone))

    with django_assert_num_queries(8):
        manager.get(url("merge_compare", kept, gone))
    for number in range(29):
        factories.treated(gone, date(2021 + number % 5, 1 + number % 12, 1), units="1")
    with django_assert_num_queries(8):
        response = manager.get(url("merge_compare", kept, gone))

    assert "30" in [line["gone"] for line in response.context["lines"]]


def test_a_record_and_itself_and_a_record_that_nobody_has(manager: Client, pair) -> None:
    kept, _gone = pair

    answers = [
        manager.get(reverse(name, args=[kept.public_id, other]))
        for name in ("merge_compare", "merge_confirm", "merge_undo")
        for other in (kept.public_id, "AAAAAA")
    ]

    assert {answer.status_code for answer in answers} == {404}


# ---- merging ----


def test_merging_says_who_went_where_and_offers_the_undo(manager: Client, pair) -> None:
    kept, gone = pair
    held = visit(kept)
    factories.flag(gone, "pregnancy")

    response = manager.post(url("merge_confirm", kept, gone), {"reason": REASON}, follow=True)

    assert response.redirect_chain == [(kept.get_absolute_url(), 302)]
    assert f"Merged: OKAFOR, Alina ({gone.public_id}) into MARSH, Alina ({kept.public_id})." in text_of(response)
    assert f'<a href="{url("merge_undo", kept, gone)}">Undo</a>' in response.content.decode()
    assert "Tell reception." in text_of(response)
    held.refresh_from_db()
    assert held.state == "on_hold"


@pytest.mark.parametrize("reason", ["", "short", "a\u202eb and a few words more"])
def test_a_reason_is_asked_for_and_what_was_typed_kept(manager: Client, pair, reason: str) -> None:
    response = manager.post(url("merge_confirm", *pair), {"reason": reason})

    assert response.status_code == 200
    assert list(response.context["form"].errors) == ["reason"]
    assert response.context["form"]["reason"].value() == reason
    assert PatientMerge.objects.count() == 0


def test_a_merge_that_became_impossible_meanwhile_is_said_on_the_page(manager: Client, pair) -> None:
    kept, gone = pair
    one, other = visit(kept), visit(gone)

    response = manager.post(url("merge_confirm", kept, gone), {"reason": REASON})

    assert f"Visits {one.public_id} and {other.public_id} are at the same time" in text_of(response)
    assert response.context["form"]["reason"].value() == REASON
    assert PatientMerge.objects.count() == 0


def test_a_get_never_merges_nor_parts(manager: Client, pair) -> None:
    manager.get(url("merge_confirm", *pair), {"reason": REASON})
    n_merges = PatientMerge.objects.count()
    merged(*pair)
    manager.get(url("merge_undo", *pair))

    assert (n_merges, PatientMerge.objects.get().undone_at) == (0, None)


@pytest.mark.parametrize("name", ["patient", "patient_edit", "safety", "flag_new", "book"])
def test_every_address_of_the_record_that_went_leads_to_the_one_that_was_kept(manager: Client, pair, name: str) -> None:
    kept, gone = pair
    merged(kept, gone)

    response = manager.get(reverse(name, args=[gone.public_id]), follow=True)

    assert response.redirect_chain == [(kept.get_absolute_url(), 302)]
    assert f"Record {gone.public_id} was merged into this one: MARSH, Alina, {kept.public_id}." in text_of(response)


# ---- parting ----


def test_parting_asks_once_and_gives_both_their_pages_back(manager: Client, pair) -> None:
    kept, gone = pair
    factories.treated(gone, date(2026, 8, 1))
    merged(kept, gone)

    asked = text_of(manager.get(url("merge_undo", kept, gone)))
    response = manager.post(url("merge_undo", kept, gone), follow=True)

    assert f"OKAFOR, Alina ({gone.public_id}) gets back what came from it, and is found again." in asked
    assert f"Merged on 22-Nov-2026 09:00 by tester: {REASON}" in asked
    assert response.redirect_chain == [(gone.get_absolute_url(), 302)]
    assert "has its own record again, beside MARSH, Alina" in text_of(response)
    assert manager.get(gone.get_absolute_url()).status_code == 200


def test_parting_twice_says_so(manager: Client, pair) -> None:
    kept, _gone = pair
    merged(*pair)
    manager.post(url("merge_undo", *pair))

    again = manager.post(url("merge_undo", *pair), follow=True)

    assert again.redirect_chain == [(kept.get_absolute_url(), 302)]
    assert "This merge has been undone already." in text_of(again)


def test_a_merge_of_merged_and_parted_records_is_undone_by_its_latest(manager: Client, pair) -> None:
    kept, gone = pair
    manager.post(url("merge_confirm", kept, gone), {"reason": REASON})
    manager.post(url("merge_undo", kept, gone))
    manager.post(url("merge_confirm", kept, gone), {"reason": REASON})

    manager.post(url("merge_undo", kept, gone))

    assert [row.undone_at for row in PatientMerge.objects.all()] == [NOW, NOW]
    gone.refresh_from_db()
    assert gone.merged_into is None
