"""Register, say "breastfeeding", be refused at every door; the flag ends, the visit is booked, treated, next due."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from clinic.formats import day
from clinic.models import User
from tests import factories
from treatments.models import Appointment, Flag, Patient

SignIn = Callable[[User], Page]


@pytest.fixture
def clinic(catalogue: None) -> dict[str, User]:
    """A clinic with one practitioner, one room and one person of each role."""
    factories.practitioner(name="R. Osei")
    factories.room(name="Room 1")
    return {role: factories.staff(role) for role in ("reception", "injector", "auditor")} | {
        "manager": factories.staff("manager", is_staff=True)
    }


def register(page: Page, url: str) -> Patient:
    page.goto(f"{url}/patients/new/")
    page.get_by_label("Given name").fill("Zoë")
    page.get_by_label("Family name").fill("O'Brien-Łukasz")
    page.get_by_label("Date of birth").fill("1990-02-28")
    page.get_by_label("Mobile").fill("07700 900123")
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("O'BRIEN-ŁUKASZ")
    return Patient.objects.get(given_name="Zoë")


def fill_booking(page: Page, url: str, patient: Patient, on: date) -> None:
    page.goto(f"{url}/patients/{patient.public_id}/book/?date={on}")
    if page.get_by_text("Something else").count():
        page.get_by_text("Something else").click()
    page.get_by_role("checkbox", name="Frown lines").check()
    page.get_by_label("With").select_option(label="R. Osei")
    page.get_by_label("Where").select_option(index=1)
    page.get_by_label("Start").fill("10:00")


def booking_fields(page: Page) -> dict[str, str]:
    """What the form on the page would send, for a hand-made POST."""
    return page.evaluate("() => Object.fromEntries(new FormData(document.querySelector('main form[method=post]')))")


def test_breastfeeding_refuses_everywhere_until_it_ends(
    clinic: dict[str, User], live_server: LiveServer, sign_in: SignIn, capsys: pytest.CaptureFixture[str]
):
    today = timezone.localdate()
    visit_on = today + timedelta(days=10)
    page = sign_in(clinic["reception"])

    # Registered, and flagged by reception.
    patient = register(page, live_server.url)
    page.goto(f"{live_server.url}/patients/{patient.public_id}/flags/new/")
    page.get_by_label("What").select_option("breastfeeding")
    page.get_by_label("Since").fill(str(today - timedelta(days=20)))
    page.get_by_label("Ask again on").fill(str(today + timedelta(days=60)))
    page.get_by_role("button", name="Save").or_(page.get_by_role("button", name="Add flag")).first.click()
    expect(page.locator(".banner")).to_contain_text("Breastfeeding")

    # Refused on the page, with the reason, and without a button to confirm.
    fill_booking(page, live_server.url, patient, visit_on)
    verdict = page.locator("#verdict")
    expect(verdict).to_have_attribute("data-state", "blocked")
    expect(verdict).to_contain_text("Breastfeeding")
    expect(page.get_by_role("button", name="Confirm booking")).to_have_count(0)
    expect(page.get_by_role("button", name="Override")).to_have_count(0)

    # Refused by a hand-made POST of the same form; asking for an override is not theirs to do.
    fields = booking_fields(page) | {"acknowledged": "on"}
    answer = page.request.post(page.url, form=fields, headers={"Referer": page.url})
    assert answer.status == 422
    assert "Breastfeeding" in answer.text()
    fields |= {"step": "override", "override_reason": "other", "override_words": "Let me in, please let me in"}
    assert page.request.post(page.url, form=fields, headers={"Referer": page.url}).status == 403
    assert not Appointment.objects.exists()

    # Refused by the command line.
    with pytest.raises(SystemExit) as stopped:
        call_command(
            "review", patient.public_id, "--indication", "glabellar_lines", "--product", "botox", "--units", "20",
            "--on", str(visit_on), "--format", "json",
        )  # fmt: skip
    assert stopped.value.code == 3
    said = json.loads(capsys.readouterr().out)
    assert "breastfeeding" in {finding["code"] for finding in said["findings"]}

    # Refused in the admin panel, with the reason on the form.
    page = sign_in(clinic["manager"])
    page.goto(f"{live_server.url}/admin/treatments/appointment/add/")
    page.locator(".select2-selection").first.click()
    page.locator(".select2-search__field").fill("lukasz")
    page.locator(".select2-results__option", has_text="BRIEN").click()
    page.get_by_role("checkbox", name="Frown lines").check()
    page.locator("#id_practitioner").select_option(label="R. Osei")
    page.locator("#id_room").select_option(index=1)
    page.locator("#id_starts_at_0").fill(f"{visit_on:%d/%m/%Y}")
    page.locator("#id_starts_at_1").fill("10:00:00")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#content")).to_contain_text("Breastfeeding")
    assert not Appointment.objects.exists()

    # The flag ends, by somebody who may.
    page = sign_in(clinic["injector"])
    flag = Flag.objects.get(patient=patient)
    page.goto(f"{live_server.url}/flags/{flag.public_id}/end/")
    page.get_by_label("Ends on").or_(page.get_by_label("Ended on")).first.fill(str(today))
    page.get_by_role("button", name="End").or_(page.get_by_role("button", name="Save")).first.click()
    expect(page.locator(".banner")).not_to_contain_text("Breastfeeding")

    # Booked.
    page = sign_in(clinic["reception"])
    fill_booking(page, live_server.url, patient, visit_on)
    page.get_by_role("button", name="Confirm booking").click()
    expect(page.locator("main")).to_contain_text(day(visit_on))
    visit = Appointment.objects.get(patient=patient)
    assert (visit.state, visit.on) == ("booked", visit_on)

    # Treated today, questions asked on the way.
    page = sign_in(clinic["injector"])
    page.goto(f"{live_server.url}/patients/{patient.public_id}/treat/")
    page.get_by_label("Injector", exact=True).select_option(label="R. Osei")
    page.get_by_label("Product", exact=True).select_option(label="Botox")
    page.get_by_label("Lot", exact=True).fill("C4821AB")
    page.get_by_label("Expiry", exact=True).fill(str(today + timedelta(days=300)))
    page.get_by_label("I checked the vial").check()
    page.get_by_label("All questions asked on this day").check()
    row = page.locator("[data-formset-row]").first
    row.locator("[name$=indication]").select_option("glabellar_lines")
    row.locator("[name$=site]").fill("procerus")
    row.locator("[name$=units]").fill("4,5")
    expect(page.locator("#verdict")).to_have_attribute("data-state", "clear")
    page.get_by_role("button", name="Sign", exact=True).click()
    expect(page.locator("main")).to_contain_text("4.5")

    # The next due date stands on the patient's page, with its reasons.
    page.goto(f"{live_server.url}/patients/{patient.public_id}/")
    course = patient.courses.get()
    assert course.due_from is not None
    assert course.due_until is not None
    expect(page.locator("main")).to_contain_text(day(course.due_from))
    expect(page.locator("main")).to_contain_text(day(course.due_until))
    page.get_by_text("Why this date?").first.click()
    expect(page.locator(".reasons").first).to_contain_text(f"3 months after the last full treatment on {day(today)}")
    expect(page.locator(".reasons li.decided").first).to_be_visible()

    # And the visit booked before is now too early: held, with its reason.
    visit.refresh_from_db()
    assert visit.state == "on_hold"
    assert "The minimum is 3 months" in visit.state_reason


def test_an_auditor_can_change_nothing(clinic: dict[str, User], live_server: LiveServer, sign_in: SignIn):
    patient = factories.patient()
    page = sign_in(clinic["auditor"])

    page.goto(f"{live_server.url}/patients/{patient.public_id}/")

    expect(page.get_by_role("link", name="Book")).to_have_count(0)
    expect(page.get_by_role("link", name="Record treatment")).to_have_count(0)
    for address in ("book", "treat", "edit", "flags/new"):
        answer = page.goto(f"{live_server.url}/patients/{patient.public_id}/{address}/")
        assert answer is not None
        assert answer.status == 403, address
