"""Registering, amending and asking: what is refused in words, what is written, and what follows from it."""

from datetime import UTC, date, datetime

import pytest
from django.core.exceptions import ValidationError

from clinic.models import AuditEvent
from tests import factories
from tests.factories import NOW, TODAY
from treatments.models import Appointment, Flag, Patient, SafetyAnswer
from treatments.queries.rulebook import rulebook
from treatments.rules.vocabulary import Answer
from treatments.services import appointments, patients
from treatments.services.stale import Stale

pytestmark = pytest.mark.django_db
ALINA = {"family_name": "Marsh", "given_name": "Alina", "born_on": date(1985, 7, 14)}


def register(**fields) -> Patient:
    return patients.register(by="inj", at=NOW, **(ALINA | fields))


def amend(person: Patient, **fields) -> Patient:
    how = {name: fields.pop(name) for name in ("version", "reason") if name in fields}
    return patients.amend(person, changes=fields, by="inj", at=NOW, **how)


def test_register_writes_the_patient_and_one_audit_row() -> None:
    person = register(phone="07700 900471")

    event = AuditEvent.objects.get(verb="patient.registered", patient_id=person.public_id)
    assert (person.registered_on, person.phone) == (TODAY, "+447700900471")
    assert (event.by, event.at, event.object_id, event.details) == ("inj", NOW, person.public_id, {})


@pytest.mark.parametrize("name", ["José\u0301", "O'Brien", "ليلى", "ÅÄÖ", "de la Cruz-Ñ", "𝓐lina", "x" * 120])
def test_register_keeps_names_as_they_are(name: str) -> None:
    assert Patient.objects.get(pk=register(family_name=name).pk).family_name == name


@pytest.mark.parametrize(
    ("fields", "field", "sentence"),
    [
        ({"born_on": date(2026, 11, 23)}, "born_on", "Date of birth must be in the past."),
        ({"born_on": date(1900, 1, 1)}, "born_on", "Date of birth must be within the last 125 years."),
        ({"family_name": " ", "given_name": ""}, "family_name", "Enter a name."),
        ({"died_on": date(2026, 11, 23)}, "died_on", "Date of death must not be in the future."),
        ({"died_on": date(1985, 7, 13)}, "died_on", "Date of death must be the same as or after the date of birth."),
        ({"family_name": "Ma\x00rsh"}, "family_name", "Remove the hidden character at position 3."),
        ({"note": "left\u202eright"}, "note", "Remove the hidden character at position 5."),
        ({"phone": "12"}, "phone", "Enter a phone number with 10 or 11 digits, or start with + and the country code."),
    ],
)
def test_register_refuses_what_no_patient_can_be(fields: dict, field: str, sentence: str) -> None:
    with pytest.raises(ValidationError) as refused:
        register(**fields)

    assert refused.value.message_dict == {field: [sentence]}
    assert not Patient.objects.exists()
    assert not AuditEvent.objects.filter(verb="patient.registered").exists()


@pytest.mark.parametrize("born_on", [TODAY, date(2000, 2, 29), date(1901, 11, 22)])
def test_register_takes_the_days_at_the_edge(born_on: date) -> None:
    assert register(born_on=born_on).born_on == born_on


def test_register_stops_at_somebody_who_looks_the_same() -> None:
    known = register()

    with pytest.raises(patients.Resembles) as stopped:
        register(family_name="MARSH", given_name="alina")

    assert stopped.value.others == [known]
    assert Patient.objects.count() == 1


def test_register_goes_on_when_they_are_different_people_and_says_so() -> None:
    known = register()

    other = register(different=True)

    event = AuditEvent.objects.get(verb="patient.registered", patient_id=other.public_id)
    assert event.details == {"unlike": [known.public_id]}


def test_amend_writes_what_changed_and_raises_the_version() -> None:
    person = register()

    amended = amend(person, family_name="Okafor", given_name="Alina", reason="Married")

    event = AuditEvent.objects.get(verb="patient.amended")
    assert (amended.family_name, amended.version) == ("Okafor", 2)
    assert (event.details, event.reason) == ({"family_name": ["Marsh", "Okafor"]}, "Married")


def test_amend_writes_nothing_where_nothing_changed() -> None:
    person = register()

    assert amend(person, family_name="Marsh").version == 1
    assert not AuditEvent.objects.filter(verb="patient.amended").exists()


def test_amend_refuses_a_version_that_is_no_longer_on_record() -> None:
    person = register()
    amend(person, city="Harbour", version=1)

    with pytest.raises(Stale):
        amend(person, city="Elsewhere", version=1)

    assert Patient.objects.get(pk=person.pk).city == "Harbour"


def test_a_corrected_birth_date_moves_the_earliest_day() -> None:
    person = register(born_on=date(1985, 7, 14))
    factories.treated(person, date(2026, 8, 1))
    before = person.courses.get().earliest_on

    amend(person, born_on=date(2010, 7, 14))

    assert (before, person.courses.get().earliest_on) == (date(2026, 11, 1), date(2028, 7, 14))


def test_a_death_puts_future_visits_on_hold() -> None:
    person = register()
    visit = _visit(person)

    amend(person, died_on=TODAY)

    visit.refresh_from_db()
    assert (visit.state, visit.state_reason) == ("on_hold", "The patient died on 22-Nov-2026.")


def _visit(person: Patient) -> Appointment:
    booking = appointments.Booking(
        patient=person,
        indications=(factories.indication(),),
        practitioner=factories.practitioner(),
        room=factories.room(),
        starts_at=datetime(2026, 12, 1, 10, 0, tzinfo=UTC),
        minutes=30,
    )
    return appointments.book(booking, by=factories.staff("reception"), at=NOW, acknowledged=True)


def answer(person: Patient, *, on: date = TODAY, **given: Answer) -> list[Flag]:
    every = dict.fromkeys(rulebook(TODAY).questions, Answer.NO) | given
    return patients.answer_questions(person, answers=every, by="inj", at=NOW, answered_on=on)


def test_answers_are_added_and_a_yes_raises_its_flag() -> None:
    person = register()

    raised = answer(person, pregnancy=Answer.YES, breastfeeding=Answer.NOT_SURE)

    assert [(flag.kind, flag.starts_on, flag.ends_on) for flag in raised] == [("pregnancy", TODAY, None)]
    assert dict(SafetyAnswer.objects.values_list("kind", "answer"))["breastfeeding"] == "not_sure"
    assert SafetyAnswer.objects.count() == len(rulebook(TODAY).questions)


def test_a_second_yes_raises_no_second_flag() -> None:
    person = register()
    answer(person, pregnancy=Answer.YES)

    assert answer(person, pregnancy=Answer.YES) == []
    assert person.flags.count() == 1


def test_a_no_does_not_end_a_flag() -> None:
    person = register()
    factories.flag(person)

    answer(person)

    assert person.flags.get().ends_on is None


def test_answers_of_tomorrow_are_refused() -> None:
    with pytest.raises(ValidationError, match="must not be in the future"):
        answer(register(), on=date(2026, 11, 23))

    assert not SafetyAnswer.objects.exists()
