"""The banner on every page about one patient: who it is, and every flag that bears on safety today."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from clinic.formats import day
from treatments.models import Patient
from treatments.rules.contraindications import answer_state
from treatments.rules.facts import Facts, FlagFact, RuleBook
from treatments.rules.periods import age_on
from treatments.rules.vocabulary import Answer
from treatments.views.rows import national


def banner(patient: Patient, facts: Facts, book: RuleBook, *, on: date) -> dict[str, Any]:
    """What components/banner.html shows; no query of its own."""
    in_force = [f for f in facts.flags if f.period.covers(on) and f.kind in book.contraindications]
    in_force.sort(key=lambda f: (book.contraindications[f.kind].severity.weight, f.period.starts_on))
    return {
        "patient": _person(patient, on),
        "flags": [_flag(flag, book) for flag in in_force],
        "answers": _answers(patient, facts, book, on),
    }


def _person(patient: Patient, on: date) -> dict[str, Any]:
    age = _("%(years)dy")
    return {
        "family_name": patient.family_name.upper(),
        "given_name": patient.given_name,
        "title": patient.title,
        "preferred_name": patient.preferred_name,
        "public_id": patient.public_id,
        "born": day(patient.born_on),
        "age": age % {"years": age_on(patient.born_on, on)},
        "sex": patient.get_sex_display() if patient.sex else "",
        "died": day(patient.died_on),
        "age_at_death": age % {"years": age_on(patient.born_on, patient.died_on)} if patient.died_on else "",
        "url": patient.get_absolute_url(),
        "contacts": _contacts(patient),
    }


def _contacts(patient: Patient) -> list[tuple[str, str, str]]:
    where = ", ".join(part for part in (patient.address, patient.city, patient.postcode) if part)
    rows = [
        (_("Mobile"), national(patient.phone) if patient.phone else "", f"tel:{patient.phone}"),
        (_("E-mail"), patient.email, f"mailto:{patient.email}"),
        (_("Address"), where, ""),
        (_("Reminders"), patient.get_contact_consent_display(), ""),
    ]
    return [row for row in rows if row[1]]


def _flag(flag: FlagFact, book: RuleBook) -> dict[str, str]:
    rule = book.contraindications[flag.kind]
    return {
        "severity": rule.severity.value,
        "label": rule.short_name,
        "since": day(flag.period.starts_on),
        "until": day(flag.period.ends_on),
        "review": day(flag.review_on),
        "url": reverse("flag", args=[flag.ref]) if flag.ref else "",
    }


def _answers(patient: Patient, facts: Facts, book: RuleBook, on: date) -> dict[str, str]:
    state, asked_on = answer_state(facts, book, on=on)
    nothing_known = not facts.flags and all(given.answer == Answer.NO for given in facts.answers)
    texts = {
        "asked": _("None known, asked %(day)s") if nothing_known else _("Asked %(day)s"),
        "out_of_date": _("Out of date, asked %(day)s"),
        "not_asked": _("Not asked"),
    }
    return {
        "state": state,
        "text": texts[state] % {"day": day(asked_on)},
        "url": reverse("safety", args=[patient.public_id]),
    }
