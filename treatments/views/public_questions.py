"""The safety questions on a patient's telephone: one per page, looked over, sent. Nothing on screen is a verdict."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from clinic.formats import patient_day
from treatments.queries.rulebook import rulebook
from treatments.rules import asking
from treatments.rules.vocabulary import Answer
from treatments.services import patient_answers
from treatments.views.public import Visitor, after_birth, patient_page

LABELS = {
    Answer.YES.value: gettext_lazy("Yes"),
    Answer.NO.value: gettext_lazy("No"),
    Answer.NOT_SURE.value: gettext_lazy("Not sure"),
    asking.TALK: gettext_lazy("Prefer to speak to someone"),
}


@require_safe
@patient_page
@after_birth
def start(visitor: Visitor) -> HttpResponse:
    """On to the first question without an answer; where all are sent, what comes of it."""
    _only_of_visits(visitor)
    if sent := patient_answers.sent(visitor.link):
        first = asking.pages(_questions(visitor))[0].code
        return visitor.page("sent", {"day": patient_day(sent[0]), "talk": sent[1], "first": first})
    return _on_to_the_next(visitor)


@require_http_methods(["GET", "HEAD", "POST"])
@patient_page
@after_birth
def question(visitor: Visitor, code: str) -> HttpResponse:
    """One question. An answer is one press and leads to the next."""
    _only_of_visits(visitor)
    questions, given = _questions(visitor), patient_answers.begun(visitor.link)
    sequence = asking.sequence(questions, given)
    codes = [page.code for page in sequence]
    if code not in codes:
        raise Http404
    error = ""
    if visitor.request.method == "POST":
        try:
            visitor.link.draft = patient_answers.keep(
                visitor.link, code, visitor.request.POST.get("said", ""), questions=questions, at=visitor.at
            ).draft
        except ValidationError as refused:
            error = refused.messages[0]
        else:
            return _on_to_the_next(visitor, after=code)
    at = codes.index(code)
    context = {
        "question": sequence[at],
        "number": at + 1,
        "of": len(codes),
        "before": codes[at - 1] if at else "",
        "choices": [(value, label, given.get(code) == value) for value, label in LABELS.items()],
        "error": error,
    }
    return visitor.page("question", context, status=422 if error else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@patient_page
@after_birth
def check(visitor: Visitor) -> HttpResponse:
    """All answers on one page before they are sent."""
    _only_of_visits(visitor)
    questions, given = _questions(visitor), patient_answers.begun(visitor.link)
    if not asking.is_whole(questions, given):
        return visitor.go("link_questions")
    if visitor.request.method == "POST":
        patient_answers.send(visitor.link, questions=questions, at=visitor.at)
        return visitor.go("link_questions")
    rows = [(page.code, page.words, LABELS[given[page.code]]) for page in asking.sequence(questions, given)]
    return visitor.page("check", {"rows": rows})


def _on_to_the_next(visitor: Visitor, *, after: str = "") -> HttpResponse:
    """The next question without an answer, those behind the last one first."""
    questions, given = _questions(visitor), patient_answers.begun(visitor.link)
    codes = [page.code for page in asking.sequence(questions, given)]
    place = codes.index(after) + 1 if after in codes else 0
    for code in (*codes[place:], *codes[:place]):
        if code not in given:
            return visitor.go("link_question", code)
    return visitor.go("link_check")


def _questions(visitor: Visitor) -> dict[str, str]:
    book = rulebook(timezone.localtime(visitor.at).date())
    return {kind: book.contraindications[kind].question for kind in book.questions}


def _only_of_visits(visitor: Visitor) -> None:
    visit: Any = visitor.link.appointment
    if visit is None or not visit.is_treatment:
        raise Http404
