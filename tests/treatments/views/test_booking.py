"""The booking page: what it starts with, what it says of the chosen day, and that no POST gets round a stop."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.urls import reverse

from clinic.models import AuditEvent
from tests import factories
from tests.factories import NOW, TODAY
from treatments.models import Appointment, Course, Service
from treatments.services import appointments

pytestmark = pytest.mark.django_db
SOON = date(2026, 12, 1)
WORDS = "Agreed with the patient and her physician."


@pytest.fixture(autouse=True)
def _today():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def reception(client):
    client.force_login(factories.staff("reception"))
    return client


@pytest.fixture
def prescriber(client):
    client.force_login(factories.staff("injector", prescriber=True))
    return client


def page(person) -> str:
    return reverse("book", args=[person.public_id])


def typed(**fields) -> dict:
    defaults = {"others": ["glabellar_lines"], "on": SOON.isoformat(), "starts": "10:00", "minutes": "30"}
    fields.setdefault("practitioner", None)
    fields.setdefault("room", None)
    fields["practitioner"] = fields["practitioner"] or factories.practitioner().pk
    fields["room"] = fields["room"] or factories.room().pk
    return defaults | fields


def asked(person, *, last=timedelta(days=100)) -> None:
    """A patient who is due and whose questions are answered."""
    factories.treated(person, TODAY - last)
    factories.answers(person)


# ---- who may ----


@pytest.mark.parametrize("role", ["reception", "injector", "manager"])
def test_may_book(client, role):
    client.force_login(factories.staff(role))

    assert client.get(page(factories.patient())).status_code == 200


@pytest.mark.parametrize("name", ["book", "book_check"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_auditor_may_not_book(client, name, method):
    client.force_login(factories.staff("auditor"))

    response = getattr(client, method)(reverse(name, args=[factories.patient().public_id]), typed())

    assert response.status_code == 403
    assert not Appointment.objects.exists()


def test_a_get_never_books(reception):
    response = reception.get(page(factories.patient()), typed())

    assert response.status_code == 200
    assert (Appointment.objects.count(), Course.objects.count()) == (0, 0)


# ---- what it starts with ----


def test_it_starts_with_the_due_course_the_usual_practitioner_and_product(reception):
    person, osei = factories.patient(), factories.practitioner()
    factories.practitioner(name="A. First by name")
    factories.treated(person, TODAY - timedelta(days=100), practitioner=osei)
    factories.treated(person, TODAY - timedelta(days=10), area="axillary_hyperhidrosis", units="50")

    form = reception.get(page(person)).context["form"]

    assert form["indications"].value() == ["glabellar_lines"]
    assert [form["product"].value(), form["minutes"].value(), form["on"].value()] == ["botox", 30, "2026-11-22"]
    assert [label for _value, label in form.fields["practitioner"].choices][1] == f"{osei.name} (usual)"
    assert form["practitioner"].value() == osei.pk


def test_the_course_and_the_day_may_be_asked_for(reception):
    person = factories.patient()
    factories.treated(person, TODAY - timedelta(days=100))

    form = reception.get(page(person), {"course": "chronic_migraine", "date": "2026-12-24"}).context["form"]

    assert (form["indications"].value(), form["others"].value()) == ([], ["chronic_migraine"])
    assert form["on"].value() == "2026-12-24"


@pytest.mark.parametrize("query", [{"date": "31/02/2026"}, {"course": "nothing"}, {"course": "\x00", "date": "\x00"}])
def test_nonsense_in_the_address_is_left_out(reception, query):
    response = reception.get(page(factories.patient()), query)

    assert response.status_code == 200
    assert response.context["decision"].verdict is None


def test_the_picture_says_where_the_chosen_day_lies(reception):
    person = factories.patient()
    asked(person)
    window = {"from": "14-Nov-2026", "until": "14-Dec-2026"}

    said = {
        day: reception.get(page(person), {"date": day}).context["decision"].strips[0].sentence
        for day in ("2026-11-23", "2026-12-20", "2027-09-01")
    }

    opens = "Frown lines: window {from} to {until}. ".format(**window)
    assert said == {
        "2026-11-23": opens + "23-Nov-2026 is in the window.",
        "2026-12-20": opens + "20-Dec-2026 is 6 days late.",
        "2027-09-01": opens + "01-Sep-2027 is after the course has lapsed, a new consultation is needed.",
    }


def test_the_picture_says_too_soon(reception):
    person = factories.patient()
    asked(person, last=timedelta(days=30))

    sentence = reception.get(page(person), {"date": "2026-12-01"}).context["decision"].strips[0].sentence

    assert sentence.endswith("01-Dec-2026 is too soon, the earliest day is 23-Jan-2027.")


# ---- booking ----


def test_booking_says_who_when_with_whom_and_where(reception):
    person, osei, room = factories.patient(), factories.practitioner(), factories.room()

    response = reception.post(page(person), typed(practitioner=osei.pk, room=room.pk), follow=True)

    visit = Appointment.objects.get()
    assert response.redirect_chain == [(visit.get_absolute_url(), 302)]
    [message] = map(str, response.context["messages"])
    assert message.startswith(f"Booked: {person.list_name}, 01-Dec-2026, 10:00 to 10:30, {osei.name}, {room.name}. ")
    assert reverse("book_undo", args=[visit.public_id]) in message
    assert visit.starts_at == datetime(2026, 12, 1, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("change", "field", "sentence"),
    [
        ({"others": []}, "others", "Choose what the visit is for."),
        ({"practitioner": "999999"}, "practitioner", "Select a valid choice."),
        ({"on": "31/02/2026"}, "on", "Date must be a real date"),
        ({"on": ""}, "on", "Enter the day of the visit."),
        ({"on": "2026-11-21"}, "on", "Choose a time after 09:00, 22-Nov-2026."),
        ({"on": "2026-11-22", "starts": "08:00"}, "starts", "Choose a time after 09:00, 22-Nov-2026."),
        ({"on": "2028-11-30"}, "on", "Choose a day within the next two years."),
        ({"starts": "25:10"}, "starts", "Time must be a real time, like 14:30."),
        ({"starts": ""}, "slot", "Choose a time."),
        ({"slot": "20261201T1000Z.1"}, "slot", "Choose one of the times offered."),
        ({"slot": "20261399T1000Z.1.1"}, "slot", "Choose one of the times offered."),
        ({"slot": "20261201T1000Z.999999.999999"}, "slot", "Choose one of the times offered."),
        ({"minutes": "NaN"}, "minutes", "The length must be a whole number of minutes, like 30."),
        ({"minutes": "-5"}, "minutes", "The length must be between 5 and 480 minutes."),
        ({"minutes": "1e9"}, "minutes", "The length must be a whole number of minutes, like 30."),
        ({"note": "a\x00b"}, "note", "Remove the hidden character"),
        ({"note": "x" * 201}, "note", "Use 200 characters or fewer."),
    ],
)
def test_bad_input_gets_a_sentence_at_its_field_and_keeps_what_was_typed(reception, change, field, sentence):
    data = typed(note="Comes with her sister") | change

    response = reception.post(page(factories.patient()), data)

    assert response.status_code == 422
    errors = response.context["form"].errors
    assert list(errors) == [field]
    assert sentence in errors[field][0]
    for name in ("on", "starts", "minutes", "note"):
        assert response.context["form"][name].data == data[name]
    assert not Appointment.objects.exists()


def test_a_time_that_does_not_exist_is_refused_with_the_next_one_that_does(reception):
    response = reception.post(page(factories.patient()), typed(on="2027-03-28", starts="01:30"))

    sentence = "01:30 does not exist on that day: the clocks go forward. The next time is 02:00."
    assert response.context["form"].errors == {"starts": [sentence]}
    assert not Appointment.objects.exists()


def test_a_time_that_comes_twice_is_asked(reception):
    response = reception.post(page(factories.patient()), typed(on="2027-10-31", starts="01:30"))

    form, content = response.context["form"], response.content.decode()
    assert form.errors == {"which": ["01:30 comes twice on that day. Choose which."]}
    assert [label for _value, label in form.fields["which"].choices] == [
        "The first 01:30 (BST)",
        "The second 01:30 (GMT)",
    ]
    assert content.count('name="which"') == 2
    assert not Appointment.objects.exists()


@pytest.mark.parametrize(("which", "hour"), [("first", 0), ("second", 1)])
def test_of_a_time_that_comes_twice_the_chosen_one_is_booked(reception, which, hour):
    reception.post(page(factories.patient()), typed(on="2027-10-31", starts="01:30", which=which))

    assert Appointment.objects.get().starts_at == datetime(2027, 10, 31, hour, 30, tzinfo=UTC)


@pytest.mark.parametrize(("what", "field"), [("practitioner", "practitioner"), ("room", "room"), ("patient", "starts")])
def test_a_taken_time_is_said_at_its_field_and_every_choice_kept(reception, what, field):
    first, osei, room = factories.patient(), factories.practitioner(), factories.room()
    reception.post(page(first), typed(practitioner=osei.pk, room=room.pk))
    same = {"practitioner": {"practitioner": osei.pk}, "room": {"room": room.pk}, "patient": {}}[what]
    person = first if what == "patient" else factories.patient()
    data = typed(**same, starts="10:15", note="Comes with her sister")

    response = reception.post(page(person), data)

    assert response.status_code == 409
    assert list(response.context["form"].errors) == [field]
    assert "10:00 to 10:30" in response.context["form"].errors[field][0]
    if what != "patient":
        assert "10:15 was booked at 09:00 by Reception Person" in response.context["form"].errors[field][0]
    assert response.context["form"]["note"].data == "Comes with her sister"
    assert response.context["decision"].verdict is not None
    assert Appointment.objects.count() == 1


# ---- the panel ----


def check(client, person, **fields):
    return client.post(reverse("book_check", args=[person.public_id]), typed(**fields), HTTP_HX_REQUEST="true")


def test_the_check_answers_with_the_panel_alone_and_writes_nothing(reception):
    person = factories.patient()
    before = AuditEvent.objects.count()

    response = check(reception, person)

    assert response.content.decode().lstrip().startswith('<div id="decision"')
    assert response.context["decision"].verdict.state == "cannot_tell"
    assert (Appointment.objects.count(), Course.objects.count(), AuditEvent.objects.count()) == (0, 0, before)


def test_the_check_takes_posts_only(reception):
    assert reception.get(reverse("book_check", args=[factories.patient().public_id])).status_code == 405


def test_the_panel_waits_for_a_day_and_something_to_do(reception):
    person = factories.patient()

    states = [check(reception, person, **change).context["decision"].state for change in ({"on": ""}, {"others": []})]

    assert states == ["open", "open"]


def test_the_panel_judges_the_day_before_a_time_is_chosen(reception):
    person = factories.patient()
    factories.flag(person)

    response = check(reception, person, starts="", practitioner="", room="")

    assert response.context["decision"].state == "hard"
    assert b"Confirm booking" not in response.content


def test_the_panel_says_who_is_taken_and_what_overlaps(reception):
    osei, room = factories.practitioner(), factories.room()
    reception.post(page(factories.patient()), typed(practitioner=osei.pk, room=room.pk))

    decision = check(reception, factories.patient(), practitioner=osei.pk, starts="10:15").context["decision"]

    assert decision.taken[0] == (osei.name, "10:00–10:30")
    assert decision.taken[1][1] == "free all day"
    assert decision.clashes == [f"{osei.name} has another visit from 10:00 to 10:30."]


def test_clear(reception):
    person = factories.patient()
    asked(person)

    response = check(reception, person, indications=["glabellar_lines"], others=[])

    assert response.context["decision"].verdict.state == "clear"
    assert b"Confirm booking" in response.content


def test_cannot_tell_is_booked_with_questions_pending_and_says_where_to_ask(reception):
    person = factories.patient()

    response = check(reception, person)

    assert "questions pending" in response.content.decode()
    assert reverse("safety", args=[person.public_id]) in response.content.decode()
    assert b"Confirm booking" in response.content


def test_check_without_script_shows_the_page_and_books_nothing(reception):
    response = reception.post(page(factories.patient()), typed(step="check", starts=""))

    assert response.status_code == 200
    assert response.context["decision"].verdict.state == "cannot_tell"
    assert not response.context["form"].is_bound
    assert response.context["form"]["on"].value() == "2026-12-01"
    assert not Appointment.objects.exists()


# ---- cautions ----


def test_a_caution_is_read_before_it_is_booked(reception):
    person = factories.patient()
    factories.flag(person, "anticoagulant_or_antiplatelet")
    data = typed()

    refused = reception.post(page(person), data)
    key = refused.context["decision"].caution_key
    wrong = reception.post(page(person), data | {"acknowledged": "on"})
    booked = reception.post(page(person), data | {"acknowledged": key})

    assert (refused.status_code, wrong.status_code, booked.status_code) == (422, 422, 302)
    assert refused.context["form"].non_field_errors() == ["Confirm that you have read the cautions."]
    assert f'value="{key}"' in refused.content.decode()


# ---- hard stops ----

TRICKS = [
    {},
    {"step": "override"},
    {"override_reason": "benefit", "override_words": WORDS, "override_seen": ["pregnancy"]},
    {"acknowledged": "on", "step": "confirm"},
]


@pytest.mark.parametrize("trick", TRICKS)
@pytest.mark.parametrize("kind", ["pregnancy", "breastfeeding"])
def test_no_post_books_under_a_hard_stop(prescriber, kind, trick):
    person = factories.patient()
    flag = factories.flag(person, kind)

    response = prescriber.post(page(person), typed(**trick))

    content = response.content.decode()
    assert response.status_code == 422
    assert response.context["decision"].state == "hard"
    assert "This stop has no override." in content
    assert flag.get_absolute_url() in content
    assert "Override" not in content
    assert "Confirm booking" not in content
    assert not Appointment.objects.exists()


def test_a_blocked_page_says_the_first_clear_day_and_takes_it_at_a_press(reception):
    person = factories.patient()
    factories.flag(person, "pregnancy", ends_on=date(2026, 12, 20))

    refused = reception.post(page(person), typed())
    chosen = reception.post(page(person), typed(use_day="2026-12-20"))

    assert "Choose 20-Dec-2026 instead" in refused.content.decode()
    assert chosen.context["form"]["on"].value() == "2026-12-20"
    assert chosen.context["decision"].state == "pending"
    assert not Appointment.objects.exists()


# ---- soft stops ----


@pytest.fixture
def soft():
    person = factories.patient()
    factories.flag(person, "aminoglycoside")
    return person


def test_reception_is_told_to_ask_a_prescriber(reception, soft):
    response = reception.post(page(soft), typed())

    content = response.content.decode()
    assert response.status_code == 422
    assert "Ask a prescriber" in content
    assert 'value="override"' not in content
    assert not Appointment.objects.exists()


def test_reception_may_not_override_by_hand(reception, soft):
    response = reception.post(page(soft), typed(override_reason="benefit", override_words=WORDS))

    assert response.status_code == 403
    assert not Appointment.objects.exists()


def test_an_injector_who_does_not_prescribe_may_not_override(client, soft):
    client.force_login(factories.staff("injector"))

    assert client.post(page(soft), typed(override_reason="benefit", override_words=WORDS)).status_code == 403
    assert client.post(page(soft), typed()).status_code == 422
    assert not Appointment.objects.exists()


def test_a_prescriber_is_asked_on_a_page_of_its_own_and_the_booking_travels_along(prescriber, soft):
    data = typed(note="Comes with her sister")

    response = prescriber.post(page(soft), data | {"step": "override"})

    content = response.content.decode()
    assert response.status_code == 200
    assert response.templates[0].name == "booking/override.html"
    assert 'name="note" value="Comes with her sister"' in content
    assert 'name="others" value="glabellar_lines"' in content
    assert "You override for the visit on 01-Dec-2026 only:" in content
    assert not Appointment.objects.exists()


def test_a_prescriber_who_only_confirms_is_refused_and_asked(prescriber, soft):
    response = prescriber.post(page(soft), typed())

    assert response.status_code == 422
    assert response.templates[0].name == "booking/override.html"
    assert not Appointment.objects.exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [({"override_reason": ""}, "override_reason"), ({"override_words": "short"}, "override_words")],
)
def test_an_override_needs_reason_and_words(prescriber, soft, change, field):
    data = decided(prescriber, soft) | change

    response = prescriber.post(page(soft), data)

    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    assert not Appointment.objects.exists()


def decided(client, person, **fields) -> dict:
    data = typed(**fields)
    asked_for = client.post(page(person), data | {"step": "override"}).context
    seen = {"override_seen": list(asked_for["form"].stops), "acknowledged": asked_for["caution_key"]}
    return data | seen | {"override_reason": "benefit", "override_words": WORDS}


def test_a_prescriber_overrides_and_it_stays_on_the_visit(prescriber, soft):
    response = prescriber.post(page(soft), decided(prescriber, soft), follow=True)

    visit = Appointment.objects.get()
    assert (visit.state, visit.override_reason, visit.override_words) == ("booked", "benefit", WORDS)
    assert WORDS in response.content.decode()


def test_what_came_up_after_the_page_is_not_overridden(prescriber, soft):
    data = decided(prescriber, soft)
    factories.flag(soft, "dysphagia")

    response = prescriber.post(page(soft), data)

    assert response.status_code == 422
    assert response.context["form"].non_field_errors() == ["More stands against it now. Read it again, then decide."]
    assert WORDS in response.content.decode()
    assert not Appointment.objects.exists()


def test_a_hard_stop_that_came_up_after_the_page_ends_it(prescriber, soft):
    data = decided(prescriber, soft)
    factories.flag(soft, "pregnancy")

    response = prescriber.post(page(soft), data)

    assert (response.status_code, response.templates[0].name) == (422, "booking/book.html")
    assert not Appointment.objects.exists()


def test_back_from_the_override_keeps_everything(prescriber, soft):
    response = prescriber.post(page(soft), typed(step="back", note="Comes with her sister"))

    assert (response.status_code, response.templates[0].name) == (200, "booking/book.html")
    assert response.context["form"]["note"].value() == "Comes with her sister"


def test_a_taken_time_is_said_before_a_prescriber_gives_reasons(prescriber, soft):
    osei = factories.practitioner()
    prescriber.post(page(factories.patient()), typed(practitioner=osei.pk))

    response = prescriber.post(page(soft), typed(practitioner=osei.pk))

    assert (response.status_code, list(response.context["form"].errors)) == (409, ["practitioner"])


def test_the_check_and_the_save_ask_the_same_gate(reception, soft):
    panel = check(reception, soft).context["decision"].verdict.findings
    with pytest.raises(appointments.Refused) as refusal:
        appointments.book(
            appointments.Booking(
                soft,
                (factories.indication(),),
                factories.practitioner(),
                factories.room(),
                datetime(2026, 12, 1, 10, tzinfo=UTC),
                30,
            ),
            by=factories.staff("reception"),
            at=NOW,
        )

    assert [f["code"] for f in panel] == [f.code for f in refusal.value.findings]


@pytest.mark.parametrize("name", ["book", "book_check"])
@pytest.mark.parametrize("field", ["others", "product", "practitioner", "room", "on", "starts", "minutes", "use_day"])
@pytest.mark.parametrize("value", ["\x00", "9" * 30, "x" * 500])
def test_nonsense_by_hand_never_breaks_the_page(reception, name, field, value):
    person = factories.patient()

    response = reception.post(reverse(name, args=[person.public_id]), typed(**{field: value}))

    assert response.status_code == (422 if name == "book" and field != "use_day" else 200)
    assert not Appointment.objects.exists()


@pytest.mark.parametrize("name", ["book", "book_check", "book_times", "book_hold"])
@pytest.mark.parametrize("field", ["slot", "take", "use_service", "use_with", "month", "which", "service", "location"])
@pytest.mark.parametrize("value", ["\x00", "9" * 30, "20261201T1000Z.1.1"])
def test_nonsense_for_the_times_never_breaks_the_page(reception, name, field, value):
    person = factories.patient()

    response = reception.post(reverse(name, args=[person.public_id]), typed(**{field: value}))

    assert response.status_code in (200, 302, 422)


# ---- the double press, and taking it back ----


def test_a_form_that_is_sent_twice_books_once(reception):
    person, data = factories.patient(), typed(once="0123456789abcdef0123456789abcdef")

    first = reception.post(page(person), data)
    again = reception.post(page(person), data, follow=True)

    visit = Appointment.objects.get()
    assert first.url == visit.get_absolute_url()
    assert again.redirect_chain == [(visit.get_absolute_url(), 302)]
    assert "It was saved already." in [str(message) for message in again.context["messages"]]


def test_the_form_carries_a_token_that_stays_when_it_comes_back(reception):
    person = factories.patient()

    fresh = reception.get(page(person)).content.decode()
    back = reception.post(page(person), typed(starts="", once="0123456789abcdef0123456789abcdef")).content.decode()

    assert fresh.count('name="once"') == 1
    assert 'name="once" value="0123456789abcdef0123456789abcdef"' in back


def test_a_booking_is_undone_by_one_press(reception):
    person = factories.patient()
    reception.post(page(person), typed())
    visit = Appointment.objects.get()

    response = reception.post(reverse("book_undo", args=[visit.public_id]), {"version": visit.version}, follow=True)

    visit.refresh_from_db()
    assert (visit.state, visit.state_reason) == ("cancelled", "Clinic: Booked by mistake")
    assert response.redirect_chain == [(f"{page(person)}?course=glabellar_lines", 302)]
    assert "Booking undone: " in str(list(response.context["messages"])[-1])


def test_a_booking_is_not_undone_after_three_minutes(reception):
    reception.post(page(factories.patient()), typed())
    visit = Appointment.objects.get()

    with time_machine.travel(NOW + timedelta(minutes=3, seconds=1), tick=False):
        response = reception.post(reverse("book_undo", args=[visit.public_id]), {"version": visit.version}, follow=True)

    visit.refresh_from_db()
    assert visit.state == "booked"
    assert "older than three minutes" in str(list(response.context["messages"])[-1])


@pytest.mark.parametrize("version", ["", "0", "x", "99"])
def test_a_booking_that_was_changed_since_is_not_undone(reception, version):
    reception.post(page(factories.patient()), typed())
    visit = Appointment.objects.get()

    reception.post(reverse("book_undo", args=[visit.public_id]), {"version": version})

    visit.refresh_from_db()
    assert visit.state == "booked"


def test_an_auditor_undoes_nothing(client, reception):
    reception.post(page(factories.patient()), typed())
    visit = Appointment.objects.get()
    client.force_login(factories.staff("auditor"))

    response = client.post(reverse("book_undo", args=[visit.public_id]), {"version": visit.version})

    visit.refresh_from_db()
    assert (response.status_code, visit.state) == (403, "booked")


# ---- what kind of visit ----


def test_without_services_a_treatment_of_thirty_minutes_is_offered(reception):
    form = reception.get(page(factories.patient())).context["form"]

    assert form.fields["service"].choices == [("", "Toxin treatment, 30 min")]


def test_a_service_gives_the_length_and_stays_on_the_visit(reception):
    service = Service.objects.create(name="Treatment", minutes=45)

    response = reception.post(page(factories.patient()), typed(service=service.pk, minutes=""))

    visit = Appointment.objects.get()
    assert (response.status_code, visit.service, visit.ends_at.minute) == (302, service, 45)


def test_the_service_for_the_use_that_needs_least_preparation_is_chosen(reception):
    person = factories.patient()
    asked(person)
    other = Service.objects.create(name="Bladder", minutes=60)
    other.indications.set([factories.indication("overactive_bladder")])
    Service.objects.create(name="Prepared", minutes=45, prepare_minutes=10)
    wanted = Service.objects.create(name="Treatment", minutes=30)
    Service.objects.create(name="A consultation", is_treatment=False)

    form = reception.get(page(person)).context["form"]

    assert form["service"].value() == str(wanted.pk)
    assert form["minutes"].value() is None


def test_under_a_hard_stop_a_consultation_can_be_booked_and_nothing_else(reception):
    person = factories.patient()
    factories.flag(person, "pregnancy")
    consultation = Service.objects.create(name="Consultation", minutes=20, is_treatment=False)
    treatment = Service.objects.create(name="Treatment", minutes=30)

    refused = reception.post(page(person), typed(service=treatment.pk))
    chosen = reception.post(page(person), typed(use_service=consultation.pk))
    booked = reception.post(page(person), typed(service=consultation.pk))

    assert f'name="use_service" value="{consultation.pk}"' in refused.content.decode()
    assert "Confirm booking" not in refused.content.decode()
    assert chosen.context["decision"].state == "book"
    assert (refused.status_code, chosen.status_code, booked.status_code) == (422, 200, 302)
    assert Appointment.objects.get().service == consultation
    assert not Course.objects.exists()
