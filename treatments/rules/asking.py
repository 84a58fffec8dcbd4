"""The safety questions as a patient answers them alone, one per page.

Some pages ask about several things at once: a no is a no to each of them, and anything else is followed by a page for
each. The words name no treatment and no product. Kinds of question that no page knows are asked one by one, in the
catalogue's words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from treatments.rules.vocabulary import Answer

TALK = "talk"  # prefers to speak to someone
ANSWERS = (*(answer.value for answer in (Answer.NO, Answer.YES, Answer.NOT_SURE)), TALK)
_WHY_ALL = "We ask everyone this, so that your visit is planned safely."


@dataclass(frozen=True, slots=True)
class Page:
    """One question. `kinds`: the safety questions that it stands for."""

    code: str
    kinds: tuple[str, ...]
    words: str
    why: str = _WHY_ALL


_GROUPS = (
    Page(
        "reactions",
        ("hypersensitivity", "previous_serious_reaction"),
        "Have you ever had an allergic reaction or a serious reaction after injections like yours?",
        "A serious reaction is, for example, weakness, trouble swallowing or trouble breathing.",
    ),
    Page(
        "today",
        ("infection_at_site", "acute_illness_or_fever"),
        "Are you unwell or do you have a fever, or do you have an infection, a spot or a cold sore where the "
        "injections go?",
        "If this changes before your visit, call us.",
    ),
    Page(
        "medicines",
        ("aminoglycoside", "anticoagulant_or_antiplatelet"),
        "Do you take a blood thinner, or have you had antibiotic injections or a drip lately?",
        "Blood thinners are, for example, warfarin, apixaban, clopidogrel or aspirin. An antibiotic given by "
        "injection is, for example, gentamicin.",
    ),
)
_WORDS = {
    "hypersensitivity": "Have you ever had an allergic reaction to these injections, or to anything in them?",
    "acute_illness_or_fever": "Do you feel unwell, or do you have a fever?",
}
_ORDER = (
    "pregnancy",
    "breastfeeding",
    "trying_to_conceive",
    "hypersensitivity",
    "previous_serious_reaction",
    "myasthenia_gravis",
    "aminoglycoside",
    "anticoagulant_or_antiplatelet",
)  # then the rest: what is of today comes last


def pages(questions: Mapping[str, str]) -> list[Page]:
    """All that is asked, what nobody should overlook first; a group stands where its first question stood."""
    found: list[Page] = []
    for kind in sorted(questions, key=lambda kind: _ORDER.index(kind) if kind in _ORDER else len(_ORDER)):
        group = _group_of(kind, questions)
        if group is None:
            found.append(single(kind, questions))
        elif group not in found:
            found.append(group)
    return found


def single(kind: str, questions: Mapping[str, str]) -> Page:
    """The page of one safety question alone."""
    return Page(kind, (kind,), _WORDS.get(kind, questions[kind]))


def sequence(questions: Mapping[str, str], given: Mapping[str, str]) -> list[Page]:
    """The pages in their order, with those that follow from the answers given so far."""
    found: list[Page] = []
    for page in pages(questions):
        found.append(page)
        if len(page.kinds) > 1 and given.get(page.code) in (Answer.YES.value, Answer.NOT_SURE.value):
            found += [single(kind, questions) for kind in page.kinds]
    return found


def is_whole(questions: Mapping[str, str], given: Mapping[str, str]) -> bool:
    """True where every page has its answer."""
    return all(given.get(page.code) in ANSWERS for page in sequence(questions, given))


def answers(questions: Mapping[str, str], given: Mapping[str, str]) -> dict[str, Answer]:
    """The answer to each safety question. Who prefers to speak is not sure, and so is who contradicts themselves."""
    found: dict[str, Answer] = {}
    for page in pages(questions):
        said = given[page.code]
        if len(page.kinds) == 1 or said in (Answer.NO.value, TALK):
            found |= dict.fromkeys(page.kinds, _answer(said))
            continue
        own = {kind: _answer(given[kind]) for kind in page.kinds}
        if set(own.values()) == {Answer.NO}:
            own = dict.fromkeys(page.kinds, Answer.NOT_SURE)
        found |= own
    return found


def needs_a_talk(found: Iterable[Answer]) -> bool:
    """True where somebody has to speak to the patient."""
    return any(answer != Answer.NO for answer in found)


def _answer(said: str) -> Answer:
    return Answer.NOT_SURE if said == TALK else Answer(said)


def _group_of(kind: str, questions: Mapping[str, str]) -> Page | None:
    """Only where all of its questions are asked."""
    return next((group for group in _GROUPS if kind in group.kinds and set(group.kinds) <= set(questions)), None)
