"""Flags in force on a day, and the answers to the safety questions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from treatments.rules.facts import AnswerFact, ContraindicationRule, Facts, FlagFact, Plan, RuleBook
from treatments.rules.findings import Finding
from treatments.rules.periods import Period
from treatments.rules.vocabulary import Answer, Severity


@dataclass(frozen=True, slots=True)
class Block:
    """A stop from a flag that bears on one course, with the time in which it holds."""

    kind: str
    label: str
    severity: Severity
    period: Period
    source: str
    verified: bool
    ref: str


def blocks(facts: Facts, book: RuleBook, *, indication: str, product: str) -> list[Block]:
    """Every stop of the patient's flags that bears on this course, whenever it holds, by day."""
    kind = book.indications[indication].kind
    found = []
    for flag in facts.flags:
        rule = book.contraindications.get(flag.kind)
        if rule and rule.severity.is_stop and rule.applies_to(product, indication, kind):
            found.append(
                Block(flag.kind, rule.short_name, rule.severity, flag.period, rule.source, rule.verified, flag.ref)
            )
    return sorted(found, key=lambda b: (b.period.starts_on, b.kind, b.ref))


def flag_findings(plan: Plan, facts: Facts, book: RuleBook, *, on: date) -> list[Finding]:
    """One finding for each flag in force on the day that bears on anything planned, or on any treatment at all."""
    found = []
    for flag in facts.flags:
        rule = book.contraindications.get(flag.kind)
        if rule and flag.period.covers(on) and _bears_on(rule, plan, book):
            found.append(_finding(flag, rule))
    return found


def _bears_on(rule: ContraindicationRule, plan: Plan, book: RuleBook) -> bool:
    if not plan.doses:
        return rule.applies_to("", "", "")
    return any(rule.applies_to(d.product, d.indication, book.indications[d.indication].kind) for d in plan.doses)


def _finding(flag: FlagFact, rule: ContraindicationRule) -> Finding:
    until = flag.period.ends_on
    return Finding(
        code=flag.kind,
        severity=rule.severity,
        sentence=f"{rule.name}.",
        source=rule.source,
        verified=rule.verified,
        since=flag.period.starts_on,
        until=until,
        change=rule.next_step,
        about=flag.ref,
    )


def answer_state(facts: Facts, book: RuleBook, *, on: date) -> tuple[str, date | None]:
    """`not_asked`, `out_of_date` or `asked`, with the day of the oldest answer: one stale answer makes all stale."""
    latest = _latest(facts, on)
    asked = [latest[kind].answered_on for kind in book.questions if kind in latest]
    if len(asked) < len(book.questions):
        return ("not_asked" if not asked else "out_of_date"), min(asked, default=None)
    if not asked:
        return "asked", None
    oldest = min(asked)
    fresh = on - oldest <= timedelta(days=book.answers_valid_days)
    return ("asked" if fresh else "out_of_date"), oldest


def answer_findings(plan: Plan, facts: Facts, book: RuleBook, *, on: date) -> list[Finding]:
    """Unknown is not "no": what nobody asked, or asked too long ago, is said and leaves the verdict open."""
    source = "Safety questions of the clinic"
    state, asked_on = answer_state(facts, book, on=on)
    found = list(_unsettled(plan, facts, book, on=on))
    if plan.injecting and book.questions and not (state == "asked" and asked_on == on):
        found.append(
            Finding(
                "questions_not_answered_today",
                Severity.HARD_STOP,
                "The safety questions have not been answered for this day.",
                source,
                change="Ask the safety questions and save the answers, then sign.",
            )
        )
    elif state == "not_asked":
        found.append(
            Finding(
                "questions_not_asked",
                Severity.INFORM,
                "The safety questions have never been asked.",
                source,
                change="Ask the safety questions.",
                unknown=True,
            )
        )
    elif state == "out_of_date":
        found.append(
            Finding(
                "questions_out_of_date",
                Severity.INFORM,
                "The answers to the safety questions will be out of date on this day.",
                source,
                since=asked_on,
                change="Ask the safety questions again.",
                unknown=True,
            )
        )
    return found


def _unsettled(plan: Plan, facts: Facts, book: RuleBook, *, on: date) -> Iterable[Finding]:
    """Answers that are neither "no" nor a flag: they leave the verdict open, and nothing is injected on them."""
    for kind, fact in sorted(_latest(facts, on).items()):
        if fact.answer == Answer.NO or kind not in book.questions or _has_flag(facts, fact, on):
            continue
        unsure = fact.answer == Answer.NOT_SURE
        said = "the patient was not sure" if unsure else "the patient said yes, and no flag says so"
        yield Finding(
            "answer_not_sure" if unsure else "answer_without_flag",
            Severity.HARD_STOP if plan.injecting else Severity.INFORM,
            f"{book.contraindications[kind].short_name}: {said}.",
            "Safety questions of the clinic",
            since=fact.answered_on,
            change="A clinician settles the answer and saves it." if unsure else "Raise the flag, or ask again.",
            about=kind,
            unknown=True,
        )


def _has_flag(facts: Facts, fact: AnswerFact, on: date) -> bool:
    """True where a flag says what the answer leaves open: one in force, or for a yes one that held after it."""
    periods = [flag.period for flag in facts.flags if flag.kind == fact.kind]
    if fact.answer == Answer.YES:
        return any(period.ends_on is None or period.ends_on > fact.answered_on for period in periods)
    return any(period.covers(on) for period in periods)


def _latest(facts: Facts, on: date) -> dict[str, AnswerFact]:
    latest: dict[str, AnswerFact] = {}
    for fact in facts.answers:
        known = latest.get(fact.kind)
        if fact.answered_on <= on and (known is None or known.answered_on <= fact.answered_on):
            latest[fact.kind] = fact
    return latest
