import pytest

from tests.treatments.rules.book import codes, day
from treatments.rules.findings import (
    Finding,
    Refused,
    cautions,
    first_clear_day,
    hard_stops,
    in_order,
    soft_stops,
    stops,
    verdict_state,
)
from treatments.rules.vocabulary import Severity, VerdictState


def finding(severity: Severity, **more) -> Finding:
    return Finding(more.pop("code", str(severity)), severity, "A sentence.", **more)


HARD, SOFT, CAUTION, INFORM = (finding(severity) for severity in Severity)
UNKNOWN = finding(Severity.INFORM, code="unknown", unknown=True)


@pytest.mark.parametrize(
    ("findings", "state"),
    [
        pytest.param([], VerdictState.CLEAR, id="nothing"),
        pytest.param([INFORM], VerdictState.CLEAR, id="inform"),
        pytest.param([INFORM, CAUTION], VerdictState.CAUTION, id="caution"),
        pytest.param([CAUTION, UNKNOWN], VerdictState.CANNOT_TELL, id="unknown outweighs a caution"),
        pytest.param([UNKNOWN], VerdictState.CANNOT_TELL, id="unknown is not no"),
        pytest.param([UNKNOWN, SOFT], VerdictState.BLOCKED, id="a soft stop outweighs unknown"),
        pytest.param([CAUTION, HARD], VerdictState.BLOCKED, id="hard stop"),
    ],
)
def test_heaviest_finding_makes_the_verdict(findings: list[Finding], state: VerdictState):
    assert verdict_state(findings) == verdict_state(reversed(findings)) == state


def test_findings_are_sorted_by_weight_and_said_once():
    assert in_order([INFORM, CAUTION, UNKNOWN, SOFT, HARD, CAUTION]) == [HARD, SOFT, CAUTION, UNKNOWN, INFORM]


def test_findings_by_severity():
    mixed = [INFORM, CAUTION, SOFT, HARD]

    assert (hard_stops(mixed), soft_stops(mixed), stops(mixed), cautions(mixed)) == (
        [HARD],
        [SOFT],
        [SOFT, HARD],
        [CAUTION],
    )


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        pytest.param([], None, id="no stop"),
        pytest.param(["2026-05-01"], "2026-05-01", id="one"),
        pytest.param(["2026-05-01", "2026-07-01"], "2026-07-01", id="the last of two"),
        pytest.param(["2026-05-01", None], None, id="one without an end"),
    ],
)
def test_first_clear_day_is_the_end_of_the_last_stop(ends: list[str | None], expected: str | None):
    findings = [CAUTION, *(finding(Severity.SOFT_STOP, until=day(end) if end else None) for end in ends)]

    assert first_clear_day(findings) == (day(expected) if expected else None)


def test_refusal_carries_its_findings_in_order():
    refused = Refused([CAUTION, finding(Severity.HARD_STOP, code="died")])

    assert (codes(refused.findings), str(refused)) == (["died", "caution"], "A sentence. A sentence.")


def test_finding_as_plain_values():
    until = finding(Severity.SOFT_STOP, since=day("2026-01-01"), until=day("2026-02-01"), change="Wait.", about="x")

    assert until.as_data() == {
        "code": "soft_stop", "severity": "soft_stop", "sentence": "A sentence.", "source": "", "verified": True,
        "since": "2026-01-01", "until": "2026-02-01", "change": "Wait.", "about": "x", "unknown": False,
    }  # fmt: skip
