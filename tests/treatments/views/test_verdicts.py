"""Findings in the words of the panel: the state, the headline with its day, each finding, the first clear day."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.template.loader import render_to_string

from treatments.rules.findings import Finding
from treatments.rules.vocabulary import Severity
from treatments.views.verdicts import finding_line, stored_line, verdict

ON = date(2026, 12, 1)


def finding(severity: Severity = Severity.HARD_STOP, **fields) -> Finding:
    return Finding(**({"code": "pregnancy", "severity": severity, "sentence": "Pregnancy."} | fields))


HARD, SOFT = finding(), finding(Severity.SOFT_STOP, code="interval", sentence="Too early.")
CAUTION, NOTE = finding(Severity.CAUTION, code="age"), finding(Severity.INFORM, code="first")
UNKNOWN = finding(Severity.INFORM, code="questions_not_asked", unknown=True)


@pytest.mark.parametrize(
    ("found", "state", "headline"),
    [
        ([], "clear", "Clear. Nothing known against it on 01-Dec-2026."),
        ([NOTE], "clear", "Clear. Nothing known against it on 01-Dec-2026."),
        ([NOTE, CAUTION], "caution", "Caution on 01-Dec-2026. It may be done; read and confirm the cautions."),
        (
            [CAUTION, UNKNOWN],
            "cannot_tell",
            "Cannot tell yet for 01-Dec-2026. Nothing known against it, but questions are open.",
        ),
        ([SOFT, UNKNOWN], "blocked", "Blocked on 01-Dec-2026. Only a prescriber may override."),
        ([SOFT, HARD, CAUTION], "blocked", "Blocked on 01-Dec-2026. This stop has no override."),
    ],
)
def test_state_and_headline(found: list[Finding], state: str, headline: str):
    shown = verdict(found, on=ON)

    assert (shown.state, shown.headline) == (state, headline)


def test_findings_keep_their_order_and_their_number():
    found = [SOFT, CAUTION, NOTE]

    assert [line["code"] for line in verdict(iter(found), on=ON).findings] == ["interval", "age", "first"]


@pytest.mark.parametrize(
    ("ends", "note"),
    [
        ([], ""),
        ([ON + timedelta(days=3)], "First clear day: 04-Dec-2026."),
        ([ON + timedelta(days=3), ON + timedelta(days=9)], "First clear day: 10-Dec-2026."),
        ([ON + timedelta(days=3), None], ""),
    ],
)
def test_the_first_clear_day_is_told_only_where_every_stop_has_an_end(ends: list, note: str):
    assert verdict([finding(until=until, about=str(until)) for until in ends], on=ON).note == note


def test_what_is_no_stop_has_no_first_clear_day():
    assert verdict([finding(Severity.CAUTION, until=ON + timedelta(days=3))], on=ON).note == ""


def test_a_finding_has_its_sentence_since_until_and_change():
    line = finding_line(
        finding(since=date(2026, 9, 1), until=date(2026, 12, 31), change="End the flag.", source="Clinic")
    )

    assert line == {
        "code": "pregnancy",
        "severity": "hard_stop",
        "severity_label": "Stop",
        "sentence": "Pregnancy. Since 01-Sep-2026.",
        "source": "Clinic",
        "until": "31-Dec-2026",
        "change": "End the flag.",
    }


@pytest.mark.parametrize(
    ("severity", "label"),
    [
        (Severity.HARD_STOP, "Stop"),
        (Severity.SOFT_STOP, "Stop, a prescriber may override"),
        (Severity.CAUTION, "Caution"),
        (Severity.INFORM, "Note"),
    ],
)
def test_every_severity_has_its_word(severity: Severity, label: str):
    assert finding_line(finding(severity))["severity_label"] == label


@pytest.mark.parametrize(
    ("source", "verified", "shown"),
    [
        ("", True, ""),
        ("", False, ""),
        ("A", True, "A"),
        ("A", False, "A (not yet verified)"),
        ("A; B", True, "A; B"),
        ("A; B; C", True, "A; B; 1 more in the catalogue"),
        ("A; B; C; D", False, "A; B; 2 more in the catalogue (not yet verified)"),
    ],
)
def test_a_source_is_short_and_says_when_nobody_checked_it(source: str, verified: bool, shown: str):
    assert finding_line(finding(source=source, verified=verified))["source"] == shown


@pytest.mark.parametrize(
    "kept",
    [
        HARD,
        UNKNOWN,
        finding(
            Severity.SOFT_STOP, source="A; B; C", verified=False, since=ON, until=ON, change="Wait.", about="botox"
        ),
    ],
)
def test_what_a_record_keeps_is_shown_as_it_was_said(kept: Finding):
    assert stored_line(kept.as_data()) == finding_line(kept)


def test_what_a_record_keeps_may_be_older_than_some_of_the_fields():
    line = stored_line({"code": "pregnancy", "severity": "hard_stop", "sentence": "Pregnancy."})

    assert (line["sentence"], line["source"], line["until"]) == ("Pregnancy.", "", "")


def test_the_panel_says_it_and_escapes_it():
    shown = verdict([finding(sentence="<b>Not</b> today.", change="Ask & wait.")], on=ON)

    html = render_to_string("components/verdict.html", {"verdict": shown, "verdict_id": "verdict"})

    assert 'data-state="blocked"' in html
    assert "This stop has no override." in html
    assert "&lt;b&gt;Not&lt;/b&gt; today." in html
    assert "Ask &amp; wait." in html
    assert 'id="status"' not in html


def test_an_htmx_answer_also_speaks_the_headline():
    html = render_to_string(
        "components/verdict.html", {"verdict": verdict([], on=ON), "verdict_id": "verdict", "announce": True}
    )

    assert '<div id="status" hx-swap-oob="innerHTML">Clear. Nothing known against it on 01-Dec-2026.</div>' in html
