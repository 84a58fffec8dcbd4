"""A run of the reminders: who is written to, what is kept of it, and that nothing goes out twice."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction

from clinic.channels import registry
from clinic.channels.base import Rejected, Unavailable, Unknown
from clinic.models import AuditEvent
from tests import factories
from tests.factories import BY, NOW, TODAY
from tests.fakes import Provider
from treatments.models import (
    Appointment,
    ClinicSettings,
    ContactPlan,
    Message,
    MessageText,
    Patient,
    PatientLink,
    Reminder,
    ReminderRun,
    Treatment,
)
from treatments.rules.vocabulary import Outcome, Side, TreatmentKind
from treatments.services import (
    appointments,
    contacts,
    courses,
    flags,
    merges,
    messages,
    outbox,
    patients,
    reminders,
    treatments,
)

pytestmark = pytest.mark.django_db
LAST = date(2026, 7, 25)  # due from 25 October, until 25 November
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
NUMBER = "+447700900123"
TOMORROW = datetime(2026, 11, 23, 17, 30, tzinfo=UTC)


def due(**fields: Any) -> Patient:
    """Somebody whose step “due” has come."""
    person = factories.patient(**({"phone": NUMBER, "contact_consent": "yes"} | fields))
    factories.treated(person, LAST)
    return person


def run(at: datetime = NOW, on: date = TODAY) -> ReminderRun:
    return reminders.run(on=on, at=at, by=BY)


def balance(row: ReminderRun) -> dict[str, int]:
    return {name: number for name, number in row.counts.items() if number}


# ---- sent ----


def test_somebody_who_is_due_is_written_to_once(provider: Provider):
    person = due()

    first, second = run(), run(NOW + MINUTE)

    assert balance(first) == balance(second) == {"sent": 1}
    [outgoing] = provider.sent
    message = Message.objects.get()
    assert (outgoing.public_id, outgoing.to) == (message.public_id, NUMBER)
    assert outgoing.text.startswith(
        "Alina, you are due for your next visit at Harbour Skin Clinic. Choose a time: http"
    )
    assert outgoing.text.endswith("or call the clinic. Reply STOP to opt out.")
    assert (message.patient, message.state, message.provider_ref) == (person, "sent", f"P-{message.public_id}")
    assert (message.kind, message.channel, message.run, message.made_by) == ("reminder", "sms", first, BY)
    reminder = Reminder.objects.get()
    assert (reminder.cycle_on, reminder.step.code, reminder.message) == (LAST, "due", message)
    assert list(AuditEvent.objects.filter(verb="message.sent").values_list("object_id", "patient_id")) == [
        (message.public_id, person.public_id)
    ]


def test_the_clinics_number_is_in_the_text(provider: Provider):
    ClinicSettings.objects.create(telephone="+442079460123")
    due()

    run()

    assert "or call 020 7946 0123. Reply" in provider.sent[0].text


def test_an_e_mail_has_its_subject_and_the_link_that_stops(provider: Provider):
    due(phone="", email="alina@example.org")

    run()

    [letter] = provider.sent
    assert (letter.to, letter.subject) == ("alina@example.org", "Harbour Skin Clinic: your next visit is due")
    assert letter.stop_url in letter.text
    assert set(PatientLink.objects.values_list("purpose", flat=True)) == {"due", "stop"}


def test_a_way_without_words_is_not_taken(provider: Provider):
    MessageText.objects.filter(code="due").update(sms="")
    due(email="alina@example.org")
    due()

    row = run()

    assert [one.to for one in provider.sent] == ["alina@example.org"]
    assert balance(row) == {"sent": 1, "no_channel": 1}


def test_two_due_courses_make_one_message(provider: Provider):
    person = due()
    factories.treated(person, LAST, area="lateral_canthal_lines", units="12")

    row = run()

    assert len(provider.sent) == 1
    assert balance(row) == {"sent": 2}
    assert {r.course.indication.code for r in Reminder.objects.all()} == {"glabellar_lines", "lateral_canthal_lines"}


def test_the_steps_of_a_cycle_one_after_another(provider: Provider):
    due()

    for days in range(330):
        run(datetime(2026, 8, 1, 11, tzinfo=UTC) + days * DAY, on=date(2026, 8, 1) + days * DAY)

    sent = list(Message.objects.order_by("pk").values_list("text_code", "sent_at__date"))
    assert sent == [
        ("due_soon", date(2026, 10, 4)),
        ("due", date(2026, 11, 8)),
        ("overdue", date(2026, 12, 2)),
        ("last", date(2027, 1, 23)),
    ]


def test_a_new_treatment_begins_a_new_cycle(provider: Provider):
    person = due()
    run()
    factories.treated(person, date(2026, 12, 1), at=datetime(2026, 12, 1, 12, tzinfo=UTC))

    row = run(datetime(2027, 3, 20, 12, tzinfo=UTC), on=date(2027, 3, 20))

    assert balance(row) == {"sent": 1}
    assert set(Reminder.objects.values_list("cycle_on", "step__code")) == {
        (LAST, "due"),
        (date(2026, 12, 1), "due"),
    }


def amended(old: Treatment, on: date) -> Treatment:
    line = treatments.Line("glabellar_lines", "procerus", Decimal(20), Side.NONE)
    record = treatments.Record(on, TreatmentKind.FULL, old.product, "C4821AB", date(2030, 1, 31), (line,))
    why = "Recorded from the paper notes"
    return treatments.sign(
        record, patient=old.patient, by=BY, at=NOW, acknowledged=True, incident_reason=why, amends=old, void_reason=why
    )


@pytest.mark.parametrize("days", [-1, 1])
def test_an_amended_date_is_the_same_cycle(provider: Provider, days: int):
    ContactPlan.objects.update(cap_days=1)
    person = due()
    run()
    contacts.log(person.courses.get(), outcome=Outcome.NOT_NOW, until=TODAY + DAY, reason="Away", by=BY, at=NOW)

    amended(person.treatments.get(), LAST + days * DAY)

    assert person.courses.get().snoozed_until == TODAY + DAY
    assert courses.refresh([person.pk], on=TODAY) == 0
    assert balance(run(NOW + 3 * DAY, on=TODAY + 3 * DAY)) == {"waiting": 1}
    assert len(provider.sent) == 1


# ---- held back ----


def booked(person: Patient) -> None:
    factories.visit(person)


def held(person: Patient) -> None:
    factories.visit(person)
    factories.flag(person)


def opted_out(person: Patient) -> None:
    patients.amend(person, changes={"contact_consent": "no"}, by=BY, at=NOW)


def not_asked(person: Patient) -> None:
    patients.amend(person, changes={"contact_consent": ""}, by=BY, at=NOW)


def unreachable(person: Patient) -> None:
    patients.amend(person, changes={"phone": ""}, by=BY, at=NOW)


def died(person: Patient) -> None:
    patients.amend(person, changes={"died_on": TODAY}, by=BY, at=NOW)


def snoozed(person: Patient) -> None:
    wanted = person.courses.get()
    contacts.log(wanted, outcome=Outcome.NOT_NOW, until=TODAY + DAY, reason="Away", by=BY, at=NOW)


def stopped(person: Patient) -> None:
    courses.stop(person.courses.get(), reason="Does not want it", by=BY, at=NOW)


def touched_up(person: Patient) -> None:
    factories.treated(person, TODAY - 6 * DAY, kind=TreatmentKind.TOUCH_UP)


def gone(person: Patient) -> None:
    kept = factories.patient(family_name="Okafor")
    merges.merge(kept, person, reason="Said so herself, passport seen", by=BY, at=NOW)


@pytest.mark.parametrize(
    ("happened", "counts"),
    [
        (booked, {"booked": 1}),
        (held, {"on_hold": 1}),
        (factories.flag, {"on_hold": 1}),
        (opted_out, {"opted_out": 1}),
        (not_asked, {"not_asked": 1}),
        (unreachable, {"no_channel": 1}),
        (died, {"stopped": 1}),
        (snoozed, {"snoozed": 1}),
        (stopped, {"stopped": 1}),
        (gone, {"not_asked": 1}),  # the kept record has the course, and never said yes
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_who_is_held_back_and_why(provider: Provider, happened, counts):
    happened(due())

    row = run()

    assert provider.sent == []
    assert balance(row) == counts


def test_who_was_here_in_the_last_days_is_left_in_peace(provider: Provider):
    person = due()
    factories.treated(person, TODAY - 6 * DAY, area="axillary_hyperhidrosis", units="50")

    assert balance(run()) == {"capped": 1}
    assert balance(run(NOW + DAY, on=TODAY + DAY)) == {"sent": 1}


def test_who_arrived_yesterday_was_here_though_nobody_has_closed_the_visit(provider: Provider):
    visit = factories.visit(due(), NOW - DAY, at=NOW - 3 * DAY)
    Appointment.objects.filter(pk=visit.pk).update(state="arrived")  # and nothing is signed

    assert balance(run()) == {"capped": 1}


@pytest.mark.parametrize(
    ("at", "counts"),
    [
        (datetime(2026, 11, 22, 8, 59, tzinfo=UTC), {"quiet_hours": 1}),
        (datetime(2026, 11, 22, 9, 0, tzinfo=UTC), {"sent": 1}),
        (datetime(2026, 11, 22, 20, 0, tzinfo=UTC), {"quiet_hours": 1}),
    ],
)
def test_quiet_hours(provider: Provider, at: datetime, counts: dict[str, int]):
    due()

    assert balance(run(at)) == counts


def test_a_plan_that_sends_nothing(provider: Provider):
    due()
    ContactPlan.objects.filter(is_usual=True).update(is_active=False)

    assert balance(run()) == {"stopped": 1}


def test_who_has_lapsed_is_no_longer_due(provider: Provider):
    person = factories.patient(phone=NUMBER, contact_consent="yes")
    factories.treated(person, date(2025, 11, 22))

    assert balance(run()) == {}
    assert balance(run(NOW - DAY, on=TODAY - DAY)) == {"sent": 1}


def test_a_run_for_a_day_before_writes_to_nobody_who_has_lapsed_since(provider: Provider):
    person = factories.patient(phone=NUMBER, contact_consent="yes")
    factories.treated(person, date(2025, 11, 22))

    assert balance(run(NOW, on=TODAY - DAY)) == {}
    assert provider.sent == []


def test_a_void_treatment_reminds_nobody(provider: Provider):
    person = due()
    treatments.void(person.treatments.get(), reason="Entered for the wrong patient", by=BY, at=NOW)

    assert balance(run()) == {}
    assert provider.sent == []


def test_the_preview_says_what_the_run_does_and_writes_nothing(provider: Provider):
    due()
    booked(due())
    opted_out(due())
    before = Message.objects.count()

    seen = [d.bucket.value for one in reminders.preview(on=TODAY, at=NOW) for d in one.decisions]

    assert sorted(seen) == ["booked", "opted_out", "to_send"]
    assert Message.objects.count() == before
    assert balance(run()) == {"booked": 1, "opted_out": 1, "sent": 1}


def test_the_buckets_add_up_to_the_due_courses(provider: Provider):
    for happened in (booked, opted_out, not_asked, died, snoozed, stopped, factories.flag, unreachable, lambda p: p):
        happened(due())

    counts = run().counts

    beside = (reminders.LEFT, reminders.TOMORROW, reminders.ERRORS)
    assert sum(number for name, number in counts.items() if name not in beside) == 9


@pytest.mark.parametrize("people", [1, 3])
def test_a_preview_costs_the_same_for_any_number(people: int, django_assert_num_queries):
    for _number in range(people):
        due()

    with django_assert_num_queries(13):
        assert len(list(reminders.preview(on=TODAY, at=NOW))) == people


# ---- what a provider does ----


def test_a_refused_message_is_not_tried_again(provider: Provider):
    due()
    provider.trouble = Rejected("The provider refuses this message (code 400).")

    row = run()

    provider.trouble = None
    assert balance(row) == balance(run(NOW + MINUTE)) == {"failed": 1}
    message = Message.objects.get()
    assert (message.state, message.why) == ("failed", "The provider refuses this message (code 400).")
    assert messages.send_waiting(at=NOW + DAY).counts == {}


REFUSED = Rejected("The provider refuses this message (code 400).")


def refused(**fields: Any) -> Patient:
    """Somebody with a number and an e-mail address whose step “due” was refused by text message at noon."""
    person = due(email="alina@example.org", **fields)
    provider = registry.channel("sms")
    provider.trouble = REFUSED
    run()
    provider.trouble = None
    return person


def ways() -> list[tuple[str, str]]:
    return list(Message.objects.filter(kind="reminder").order_by("pk").values_list("channel", "state"))


def test_a_refused_step_goes_another_way_with_the_next_run(provider: Provider):
    refused()

    first, second = run(NOW + MINUTE), run(NOW + 2 * MINUTE)

    assert [one.to for one in provider.sent] == ["alina@example.org"]
    assert balance(first) == balance(second) == {"sent": 1}
    assert ways() == [("sms", "failed"), ("email", "sent")]
    assert sorted(Reminder.objects.values_list("message__channel", "refused")) == [("email", False), ("sms", True)]


def test_a_step_that_every_way_has_refused_has_failed(provider: Provider):
    refused()
    provider.trouble = REFUSED

    rows = [run(NOW + number * MINUTE) for number in (1, 2)]

    assert [balance(row) for row in rows] == [{"failed": 1}] * 2
    assert ways() == [("sms", "failed"), ("email", "failed")]


@pytest.mark.parametrize(
    ("at", "counts"),
    [
        (NOW.replace(hour=20), {"quiet_hours": 1}),
        (NOW.replace(hour=19, minute=59), {"sent": 1}),
    ],
)
def test_another_way_waits_for_the_end_of_the_quiet_hours(provider: Provider, at: datetime, counts: dict[str, int]):
    refused()

    assert balance(run(at)) == counts


def test_another_way_is_not_for_somebody_who_was_written_to_lately(provider: Provider):
    refused()
    Message.objects.create(
        public_id="LATELY", key="lately", kind="reminder", patient=Patient.objects.get(), made_by=BY, made_at=NOW,
        not_before_at=NOW, state="sent", sent_at=NOW,
    )  # fmt: skip

    assert balance(run(NOW + 13 * DAY, on=TODAY + 13 * DAY)) == {"capped": 1}
    assert balance(run(NOW + 14 * DAY, on=TODAY + 14 * DAY)) == {"sent": 1}


def test_what_was_refused_once_it_may_have_arrived_goes_no_other_way(provider: Provider):
    due(email="alina@example.org")
    provider.trouble = Unknown("The provider did not answer; it may have the message.")
    assert [balance(run(NOW + number * MINUTE)) for number in (0, 1)] == [{"uncertain": 1}] * 2
    outbox.give_up_stale(at=NOW + DAY)
    provider.trouble = REFUSED
    AuditEvent.objects.create(verb=outbox.UNCERTAIN, object_id=Message.objects.get().public_id, by=BY, at=NOW)
    messages.send_again(Message.objects.get(), by=BY, at=NOW + MINUTE)
    messages.send_waiting(at=NOW + 4 * MINUTE)
    provider.trouble = None

    assert balance(run(NOW + 5 * MINUTE)) == {"failed": 1}
    assert ways() == [("sms", "failed")]


def test_another_way_that_has_to_be_tried_again_stays_that_way(provider: Provider):
    refused()
    provider.trouble = Unavailable("The provider cannot be reached.")
    run(NOW + MINUTE)
    provider.trouble = None

    assert messages.send_waiting(at=NOW + 10 * MINUTE).counts == {"sent": 1}
    assert ways() == [("sms", "failed"), ("email", "sent")]


def test_another_way_that_came_to_nothing_is_the_one_that_is_tried_later(provider: Provider):
    person = refused()
    provider.trouble = Unavailable("The provider cannot be reached.")
    run(NOW + MINUTE)
    provider.trouble = None
    visit = factories.visit(person)
    messages.send_waiting(at=NOW + 10 * MINUTE)
    appointments.cancel(visit, who="clinic", reason="By mistake", by=BY, at=NOW + 11 * MINUTE)

    assert balance(run(NOW + 12 * MINUTE)) == {"sent": 1}
    assert ways() == [("sms", "failed"), ("email", "dropped"), ("email", "sent")]


def test_a_course_that_was_refused_a_way_is_not_in_a_message_that_goes_it(provider: Provider):
    person = refused()
    factories.treated(person, LAST - 2 * DAY, area="lateral_canthal_lines", units="12")

    row = run(NOW + MINUTE)

    assert balance(row) == {"sent": 1, "capped": 1}
    assert ways() == [("sms", "failed"), ("sms", "sent")]


def test_a_merge_hands_over_the_way_that_was_refused_and_the_one_that_was_gone(provider: Provider):
    kept, going = due(family_name="Marsh"), refused(family_name="Okafor")
    Reminder.objects.filter(course__patient=kept).delete()
    Message.objects.filter(patient=kept).update(state="dropped")
    run(NOW + MINUTE)
    Reminder.objects.filter(course__patient=kept).delete()
    before = len(provider.sent)

    merges.merge(kept, going, reason="Said so herself, passport seen", by=BY, at=NOW + 2 * MINUTE)

    assert Reminder.objects.filter(course__patient=kept).count() == 2
    assert balance(run(NOW + 20 * DAY, on=TODAY + 20 * DAY)) == {"sent": 1}
    assert len(provider.sent) == before + 1
    assert provider.sent[-1].text.startswith("Alina, your next visit")


def test_a_provider_that_is_away_is_asked_again_later(provider: Provider):
    due()
    provider.trouble = Unavailable("The provider cannot be reached.")
    row = run()
    provider.trouble = None

    assert balance(row) == {"waiting": 1}
    assert messages.send_waiting(at=NOW + 4 * MINUTE).counts == {}
    assert messages.send_waiting(at=NOW + 6 * MINUTE).counts == {"sent": 1}
    assert len(provider.sent) == 1
    assert Message.objects.get().attempts == 2
    assert balance(run(NOW + 10 * MINUTE)) == {"sent": 1}


def test_what_is_tried_again_says_what_is_true_by_then(provider: Provider):
    person = due()
    factories.treated(person, LAST, area="lateral_canthal_lines", units="12")
    provider.trouble = Unavailable("The provider cannot be reached.")
    run()
    provider.trouble = None
    patients.amend(person, changes={"preferred_name": "Lina"}, by=BY, at=NOW)
    MessageText.objects.filter(code="due").update(sms="{first}, please call {clinic}.")

    messages.send_waiting(at=NOW + 6 * MINUTE)

    assert provider.sent[0].text == Message.objects.get().body == "Lina, please call Harbour Skin Clinic."


def test_a_course_that_fell_out_of_a_retry_has_its_own_message_later(provider: Provider):
    person = factories.patient(phone=NUMBER, contact_consent="yes")
    factories.treated(person, date(2026, 9, 13))  # due from 13 December
    factories.treated(person, date(2026, 9, 14), area="lateral_canthal_lines", units="12")
    first = person.courses.get(indication__code="glabellar_lines")
    provider.trouble = Unavailable("The provider cannot be reached.")
    run(NOW + DAY, on=TODAY + DAY)
    provider.trouble = None
    courses.stop(first, reason="Wants to wait", by=BY, at=NOW + DAY)
    messages.send_waiting(at=NOW + DAY + 6 * MINUTE)
    courses.stop(first, reason="", by=BY, at=NOW + 2 * DAY)

    row = run(NOW + 16 * DAY, on=TODAY + 16 * DAY)

    assert (row.counts["errors"], row.counts["left"], row.counts["sent"]) == (0, 0, 1)
    assert len(provider.sent) == 2


def test_after_a_day_without_the_provider_it_is_given_up_and_shown(provider: Provider):
    due()
    provider.trouble = Unavailable("The provider cannot be reached.")
    run()

    at = NOW
    while Message.objects.get().state == "waiting":
        at = Message.objects.get().not_before_at + MINUTE
        messages.send_waiting(at=at)

    message = Message.objects.get()
    assert (message.state, message.attempts) == ("failed", outbox.MOST_ATTEMPTS)
    assert message.why == "Given up: The provider cannot be reached."
    assert DAY < at - NOW < 3 * DAY


def test_a_retry_waits_for_the_end_of_the_quiet_hours(provider: Provider):
    due()
    provider.trouble = Unavailable("The provider cannot be reached.")
    evening = NOW.replace(hour=19, minute=58)
    run(evening)
    provider.trouble = None

    assert messages.send_waiting(at=evening + 6 * MINUTE).counts == {"not sent": 1}
    message = Message.objects.get()
    assert (message.state, message.attempts) == ("waiting", 1)
    assert message.not_before_at == datetime(2026, 11, 23, 9, tzinfo=UTC)
    assert messages.send_waiting(at=message.not_before_at).counts == {"sent": 1}


def test_a_retry_that_is_no_longer_true_frees_its_step(provider: Provider):
    person = due()
    provider.trouble = Unavailable("The provider cannot be reached.")
    run()
    provider.trouble = None
    patients.amend(person, changes={"phone": "+447700900999"}, by=BY, at=NOW)

    assert messages.send_waiting(at=NOW + 6 * MINUTE).counts == {"not sent": 1}

    assert Message.objects.get().state == "dropped"
    assert balance(run(NOW + 10 * MINUTE)) == {"sent": 1}
    assert [one.to for one in provider.sent] == ["+447700900999"]


def test_a_lost_answer_is_uncertain_and_never_sent_on_its_own(provider: Provider):
    due()
    provider.trouble = Unknown("The provider did not answer; it may have the message.")
    row = run()
    provider.trouble = None

    assert balance(row) == balance(run(NOW + DAY, on=TODAY + DAY)) == {"uncertain": 1}
    assert messages.send_waiting(at=NOW + DAY).counts == {}
    assert provider.sent == []


def test_a_channel_that_fails_in_a_way_of_its_own_is_uncertain(provider: Provider):
    due()
    provider.trouble = ZeroDivisionError("division by zero")

    assert balance(run()) == {"uncertain": 1}
    assert Message.objects.get().why == "ZeroDivisionError"


class Killed(BaseException):
    """The worker ends where it stands."""


def test_a_worker_that_is_killed_while_it_sends_leaves_a_claim_that_a_person_gets(provider: Provider):
    due()

    def killed(_outgoing: object) -> None:
        raise Killed

    provider.meanwhile = killed
    with pytest.raises(Killed):
        run()
    provider.meanwhile = lambda _outgoing: None

    message = Message.objects.get()
    assert message.state == "claimed"
    assert balance(run(NOW + MINUTE)) == {"waiting": 1}
    row = run(NOW + outbox.LEASE + MINUTE)
    assert balance(row) == {"uncertain": 1}
    assert provider.sent == []


def test_the_worker_who_comes_back_late_knows_better(provider: Provider):
    """The lease ran out while the provider was taking the message."""
    due()
    provider.meanwhile = lambda _outgoing: outbox.give_up_stale(at=NOW + DAY)

    run()

    assert Message.objects.get().state == "sent"


def test_what_a_person_has_decided_meanwhile_stays(provider: Provider):
    due()

    def decided(_outgoing: object) -> None:
        outbox.give_up_stale(at=NOW + DAY)
        messages.send_again(Message.objects.get(), by="maya", at=NOW + DAY)

    provider.meanwhile = decided

    run()

    assert Message.objects.get().state == "waiting"


def test_one_failing_patient_never_ends_the_run(provider: Provider):
    due(), due(phone="", email="alina@example.org")
    MessageText.objects.filter(code="due").update(sms="{nonsense}")

    row = run()

    assert balance(row) == {"sent": 1, "waiting": 1, "left": 1, "errors": 1}
    assert [one.to for one in provider.sent] == ["alina@example.org"]


def test_nothing_is_sent_inside_a_transaction(provider: Provider):
    due()
    depth = len(transaction.get_connection().savepoint_ids)

    provider.meanwhile = lambda _outgoing: depths.append(len(transaction.get_connection().savepoint_ids))
    depths: list[int] = []
    run()

    assert depths == [depth]


# ---- tomorrow ----


def test_tomorrows_visits_are_told_once(provider: Provider):
    person = factories.patient(phone=NUMBER)
    factories.visit(person, TOMORROW, at=NOW - 3 * DAY)
    messages.send_waiting(at=NOW - 2 * DAY)

    assert balance(run()) == {"tomorrow": 1}
    assert balance(run(NOW + MINUTE)) == {}
    assert provider.sent[1].text.startswith(
        "Alina, your visit at Harbour Skin Clinic is tomorrow, 5:30pm. Cannot come?"
    )
    assert len(provider.sent) == 2


@pytest.mark.parametrize("happened", [died, unreachable, factories.flag])
def test_tomorrows_visit_of_somebody_who_is_not_written_to(provider: Provider, happened):
    person = factories.patient(phone=NUMBER)
    factories.visit(person, TOMORROW, at=NOW - 3 * DAY)
    Message.objects.all().delete()
    happened(person)

    run()

    assert provider.sent == []


def test_tomorrows_visit_of_somebody_who_stopped_reminders(provider: Provider):
    person = factories.patient(phone=NUMBER)
    factories.visit(person, TOMORROW, at=NOW - 3 * DAY)
    messages.send_waiting(at=NOW - 2 * DAY)
    opted_out(person)

    assert balance(run()) == {"tomorrow": 1}


def test_who_was_told_of_the_booking_today_is_not_told_of_tomorrow(provider: Provider):
    person = factories.patient(phone=NUMBER)
    factories.visit(person, TOMORROW, at=NOW + 10 * MINUTE)
    messages.send_waiting(at=NOW + 15 * MINUTE)

    assert balance(run(NOW + 20 * MINUTE)) == {}
    assert [one.text[:6] for one in provider.sent] == ["Booked"]


def test_a_visit_that_was_told_of_and_moved_is_told_of_again(provider: Provider):
    person = factories.patient(phone=NUMBER)
    visit = factories.visit(person, TOMORROW, at=NOW - 3 * DAY)
    messages.send_waiting(at=NOW - 2 * DAY)
    assert balance(run()) == {"tomorrow": 1}
    factories.moved(visit, TOMORROW + 7 * DAY, at=NOW + MINUTE)
    messages.send_waiting(at=NOW + 5 * MINUTE)

    assert balance(run(NOW + 7 * DAY, on=TODAY + 7 * DAY)) == {"tomorrow": 1}


def test_a_visit_whose_message_was_dropped_is_told_of_when_it_is_true_again(provider: Provider):
    person = factories.patient(phone=NUMBER)
    visit = factories.visit(person, TOMORROW, at=NOW - 3 * DAY)
    messages.send_waiting(at=NOW - 2 * DAY)
    provider.trouble = Unavailable("The provider cannot be reached.")
    run()
    provider.trouble = None
    flag = factories.flag(person)
    messages.send_waiting(at=NOW + 6 * MINUTE)
    assert Message.objects.get(kind="tomorrow").state == "dropped"
    flags.enter_in_error(flag, reason="Said of somebody else", by=BY, at=NOW + 7 * MINUTE)
    visit.refresh_from_db()
    appointments.release(visit, by=BY, at=NOW + 7 * MINUTE)

    assert balance(run(NOW + 20 * MINUTE)) == {"tomorrow": 1}


def test_nobody_is_told_of_tomorrow_in_quiet_hours(provider: Provider):
    factories.visit(factories.patient(phone=NUMBER), TOMORROW, at=NOW - 3 * DAY)
    messages.send_waiting(at=NOW - 2 * DAY)
    before = len(provider.sent)

    run(NOW.replace(hour=20, minute=30))  # the night ends on the day of the visit itself
    assert Message.objects.filter(kind="tomorrow").count() == 0
    run(NOW.replace(hour=6))
    assert len(provider.sent) == before
    assert messages.send_waiting(at=NOW).counts == {"sent": 1}


# ---- two records of one person ----


def test_what_one_record_was_reminded_of_the_other_is_not(provider: Provider):
    kept, going = due(family_name="Marsh"), due(family_name="Okafor")
    row = run()
    assert balance(row) == {"sent": 2}
    Reminder.objects.filter(course__patient=kept).delete()  # only the one that goes was written to
    Message.objects.filter(patient=kept).update(state="dropped")

    merges.merge(kept, going, reason="Said so herself, passport seen", by=BY, at=NOW)

    assert Reminder.objects.get().course.patient == kept
    later = NOW + 15 * DAY
    assert {d.bucket.value for one in reminders.preview(on=later.date(), at=later) for d in one.decisions} == {
        "to_send"
    }
    assert reminders.preview(on=TODAY, at=NOW)
    assert balance(run(NOW + 10 * MINUTE)) == {"sent": 1}
    assert len(provider.sent) == 2


def test_a_merge_that_is_undone_brings_each_reminder_back(provider: Provider):
    kept, going = due(family_name="Marsh"), due(family_name="Okafor")
    factories.treated(going, date(2026, 7, 20), area="platysma_bands", units="20")
    run()
    before = sorted(Reminder.objects.values_list("pk", "course", "message__patient"))

    done = merges.merge(kept, going, reason="Said so herself, passport seen", by=BY, at=NOW)
    merges.undo(done, by=BY, at=NOW)

    assert sorted(Reminder.objects.values_list("pk", "course", "message__patient")) == before
