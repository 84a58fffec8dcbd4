"""The safety questions on a patient's telephone: kept until sent, and what a yes does without saying so."""

from __future__ import annotations

import pytest
from django.test import Client

from clinic.models import AuditEvent
from tests import factories
from tests.treatments.views import public
from tests.treatments.views.public import holder_of, visit_of, words
from treatments.models import Flag, PatientRequest, SafetyAnswer, Service
from treatments.services import patient_answers

pytestmark = pytest.mark.django_db
CODES = ["pregnancy", "breastfeeding", "trying_to_conceive", "reactions", "myasthenia_gravis", "medicines", "today"]
VERDICTS = ("hold", "blocked", "allowed", "refus", "cannot be treated", "not safe", "stop", "cancel")


@pytest.fixture(autouse=True)
def _clinic(db) -> None:
    public.open_clinic()


@pytest.fixture
def visit():
    return visit_of()


@pytest.fixture
def someone(visit):
    made = holder_of(visit)
    made.know()
    return made


def answer_all(someone, **other: str):
    """Press through all pages as they come, with no to everything but those named."""
    answer = someone.get("link_questions")
    while "/questions/check/" not in answer.url:
        code = answer.url.rstrip("/").rpartition("/")[2]
        answer = someone.post("link_question", code, said=other.get(code, "no"))
    return someone.post("link_check")


def test_one_question_per_page_with_its_reason(someone):
    said = words(someone.get("link_question", "pregnancy"))

    assert "Question 1 of 7" in said
    assert "Are you pregnant, or might you be?" in said
    assert "We ask everyone this" in said
    assert "Yes No Not sure Prefer to speak to someone" in said


def test_nothing_to_declare(visit, someone):
    answer_all(someone)

    assert set(SafetyAnswer.objects.values_list("answer", "asked_by")) == {("no", "patient link")}
    assert SafetyAnswer.objects.count() == 10
    visit.refresh_from_db()
    assert visit.state == "booked"
    assert not PatientRequest.objects.exists()
    assert "We have your answers" in words(someone.get("link_questions"))
    assert "You sent your answers on" in words(someone.get())


@pytest.mark.parametrize("code", ["pregnancy", "breastfeeding"])
def test_a_yes_holds_the_visit_tells_reception_and_shows_no_verdict(visit, someone, code):
    answer_all(someone, **{code: "yes"})

    visit.refresh_from_db()
    assert visit.state == "on_hold"
    assert Flag.objects.get().kind == code
    assert PatientRequest.objects.get().wish == "answers"
    for name in ("link_questions", "link"):
        said = words(someone.get(name))
        assert "Someone from the clinic will call before your visit." in said
        assert [word for word in VERDICTS if word in said.lower().replace("stop reminders", "")] == []


def test_without_the_date_of_birth_nothing_is_said_of_the_answers(visit, someone):
    before = words(holder_of(visit).get())

    answer_all(someone, pregnancy="yes")

    stranger = Client()
    assert words(stranger.get(someone.url())) == before
    assert "You sent your answers" in words(someone.get())


def test_not_sure_tells_reception(visit, someone):
    answer_all(someone, today="not_sure", infection_at_site="not_sure")

    assert PatientRequest.objects.get().wish == "answers"
    unsure = SafetyAnswer.objects.filter(answer="not_sure").values_list("kind", flat=True)
    assert set(unsure) == {"infection_at_site"}
    visit.refresh_from_db()
    assert visit.state == "booked"  # the gate leaves it open: nothing is injected on it


def test_who_prefers_to_speak_is_called(someone):
    answer_all(someone, breastfeeding="talk")

    assert SafetyAnswer.objects.get(kind="breastfeeding").answer == "not_sure"
    assert PatientRequest.objects.get().wish == "answers"
    assert "will call before your visit" in words(someone.get("link_questions"))


def test_back_shows_what_was_answered(someone):
    someone.post("link_question", "pregnancy", said="not_sure")

    choices = someone.get("link_question", "pregnancy").context["choices"]
    assert [value for value, _label, chosen in choices if chosen] == ["not_sure"]
    assert someone.get("link_question", "breastfeeding").context["before"] == "pregnancy"


def test_on_the_check_page_an_answer_can_be_changed(someone):
    for code in CODES:
        someone.post("link_question", code, said="no")

    answer = someone.post("link_question", "pregnancy", said="yes")

    assert answer.url == someone.url("link_check")
    rows = someone.get("link_check").context["rows"]
    code, _words, said = rows[0]
    assert (code, str(said)) == ("pregnancy", "Yes")
    assert not SafetyAnswer.objects.exists()


def test_nothing_is_sent_before_all_is_answered(someone):
    someone.post("link_question", "pregnancy", said="yes")

    assert someone.post("link_check").url == someone.url("link_questions")
    assert not SafetyAnswer.objects.exists()
    assert not Flag.objects.exists()


def test_the_answers_that_were_not_sent_are_gone_once_they_are(someone):
    answer_all(someone, pregnancy="yes")

    assert set(someone.link.draft) == {"sent", "talk"}
    assert patient_answers.begun(someone.link) == {}


def test_the_next_messages_link_knows_that_they_were_sent(visit, someone):
    answer_all(someone, pregnancy="yes")

    other = holder_of(visit)
    other.know()

    assert "Someone from the clinic will call before your visit." in words(other.get())


def test_answering_again_starts_anew(visit, someone):
    answer_all(someone)
    someone.post("link_question", "pregnancy", said="yes")
    for code in CODES[1:]:
        someone.post("link_question", code, said="no")

    someone.post("link_check")

    visit.refresh_from_db()
    assert visit.state == "on_hold"


@pytest.mark.parametrize("said", ["", "maybe", "no\0"])
def test_another_word_is_no_answer(someone, said):
    answer = someone.post("link_question", "pregnancy", said=said)

    assert answer.status_code == 422
    assert "Choose one of the answers." in words(answer)


@pytest.mark.parametrize("code", ["hypersensitivity", "keloid", "pregnancy%00"])
def test_a_page_that_is_not_asked_is_not_there(someone, code):
    assert someone.client.get(f"{someone.url('link_questions')}{code}/").status_code == 404


def test_a_visit_at_which_nothing_is_injected_asks_nothing(visit):
    review = Service.objects.create(name="Review", is_treatment=False)
    other = visit_of(factories.patient(born_on=public.BORN, at=public.now()), days=12, service=review, indications=())
    someone = holder_of(other)
    someone.know()

    assert someone.get("link_questions").status_code == 404
    assert "health questions" not in words(someone.get())


def test_the_trail_says_that_the_patient_answered(visit, someone):
    answer_all(someone)

    row = AuditEvent.objects.get(verb="questions.answered")
    assert (row.by, row.patient_id) == ("patient link", visit.patient.public_id)
