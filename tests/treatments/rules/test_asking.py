"""The safety questions on a patient's telephone: which pages there are, and what their answers mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treatments.rules import asking, reference
from treatments.rules.vocabulary import Answer

QUESTIONS = {
    "acute_illness_or_fever": "Unwell?", "aminoglycoside": "A drip?", "anticoagulant_or_antiplatelet": "Thinner?",
    "breastfeeding": "Are you breastfeeding?", "hypersensitivity": "Allergic?", "infection_at_site": "A sore?",
    "myasthenia_gravis": "Muscles?", "pregnancy": "Are you pregnant?", "previous_serious_reaction": "Reaction?",
    "trying_to_conceive": "Trying?",
}  # fmt: skip
CODES = ["pregnancy", "breastfeeding", "trying_to_conceive", "reactions", "myasthenia_gravis", "medicines", "today"]
NO = dict.fromkeys(CODES, "no")


def codes(**typed: str) -> list[str]:
    return [page.code for page in asking.sequence(QUESTIONS, typed)]


def test_nothing_to_declare_takes_seven_pages():
    assert codes(**NO) == CODES
    assert asking.is_whole(QUESTIONS, NO)
    assert asking.answers(QUESTIONS, NO) == dict.fromkeys(QUESTIONS, Answer.NO)


def test_the_shipped_catalogue_asks_these_questions():
    """A new question turns this red: give it a place among the pages, or leave it a page of its own."""
    assert {kind for page in asking.pages(shipped()) for kind in page.kinds} == set(QUESTIONS)


def shipped() -> dict[str, str]:
    return {row.code: row.question for row in reference.load().contraindications.values() if row.question}


@pytest.mark.parametrize("said", ["yes", "not_sure"])
def test_what_is_not_a_no_is_followed_by_a_page_for_each(said):
    found = codes(**NO | {"reactions": said})

    at = found.index("reactions")
    assert found[at + 1 : at + 3] == ["hypersensitivity", "previous_serious_reaction"]
    assert not asking.is_whole(QUESTIONS, NO | {"reactions": said})


def test_the_pages_that_follow_say_which_it_is():
    said = NO | {"reactions": "yes", "hypersensitivity": "yes", "previous_serious_reaction": "no"}

    found = asking.answers(QUESTIONS, said)

    assert (found["hypersensitivity"], found["previous_serious_reaction"]) == (Answer.YES, Answer.NO)


def test_who_contradicts_themselves_is_not_sure():
    said = NO | {"medicines": "yes", "aminoglycoside": "no", "anticoagulant_or_antiplatelet": "no"}

    found = asking.answers(QUESTIONS, said)

    assert (found["aminoglycoside"], found["anticoagulant_or_antiplatelet"]) == (Answer.NOT_SURE, Answer.NOT_SURE)


def test_who_prefers_to_speak_is_not_sure_of_all_of_it():
    assert codes(**NO | {"today": "talk"}) == CODES

    found = asking.answers(QUESTIONS, NO | {"today": "talk", "pregnancy": "talk"})

    unsure = {kind for kind, answer in found.items() if answer == Answer.NOT_SURE}
    assert unsure == {"acute_illness_or_fever", "infection_at_site", "pregnancy"}
    assert asking.needs_a_talk(found.values())


def test_a_question_that_no_page_knows_is_asked_in_its_own_words():
    more = QUESTIONS | {"keloid": "Do you scar easily?"}

    assert asking.pages(more)[-1].words == "Do you scar easily?"
    assert "keloid" in asking.answers(more, NO | {"keloid": "yes"})


def test_a_group_of_which_one_is_no_longer_asked_falls_apart():
    fewer = {kind: words for kind, words in QUESTIONS.items() if kind != "aminoglycoside"}

    assert "medicines" not in [page.code for page in asking.pages(fewer)]
    assert "anticoagulant_or_antiplatelet" in [page.code for page in asking.pages(fewer)]


@given(st.lists(st.sampled_from(asking.ANSWERS), min_size=20, max_size=20))
def test_every_question_has_its_answer_once_all_pages_have(said):
    typed = dict(zip([*CODES, *sorted(set(QUESTIONS) - set(CODES))], said, strict=False))

    assert asking.is_whole(QUESTIONS, typed)
    found = asking.answers(QUESTIONS, typed)

    assert set(found) == set(QUESTIONS)
    for page in asking.pages(QUESTIONS):
        clear = {found[kind] for kind in page.kinds} == {Answer.NO}
        assert clear == (typed[page.code] == "no")
