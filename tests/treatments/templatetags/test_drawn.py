"""Pieces written in Python: what a person typed stays text, and every remark is said."""

from treatments.templatetags.drawn import facts_table, reason_lines, treatment_lines, whole_days

ODD = '<b>"&'
TEXT = "&lt;b&gt;&quot;&amp;"


def treatment(**more):
    row = {"url": "/treatments/7KX2Q9/", "day": ODD, "kind": ODD, "injector": ODD, "brand": ODD, "lot": ODD,
           "courses": [{"name": ODD, "units": ODD, "sites": ODD}], "sub_standard": False, "n_warnings": 0, "warnings": "",
           "incident": False, "voided": False, "void_reason": ""}  # fmt: skip
    return row | more


def test_what_was_typed_is_text():
    reason = {"date": ODD, "label": ODD, "rule": ODD, "source": ODD, "decided": True, "unverified": True}
    voided = treatment(voided=True, void_reason=ODD)

    for drawn, times in (
        (treatment_lines([treatment()]), 8),
        (treatment_lines([voided]), 9),
        (reason_lines([reason]), 4),
        (facts_table([(ODD, ODD)]), 2),
    ):
        assert "<b>" not in drawn
        assert drawn.count(TEXT) == times


def test_every_remark_about_a_treatment_is_said():
    drawn = treatment_lines([treatment(sub_standard=True, incident=True, n_warnings=2, warnings="2 warnings")])

    assert [words in drawn for words in ("Sub-standard dose", "Incident", "2 warnings", "Voided:")] == [
        True,
        True,
        True,
        False,
    ]


def test_a_voided_treatment_is_struck_through_with_its_reason():
    drawn = treatment_lines([treatment(voided=True, void_reason="Wrong patient", n_warnings=2, warnings="2 warnings")])

    assert drawn.count("struck") == 4
    assert "<strong>Voided:</strong> Wrong patient" in drawn
    assert "2 warnings" not in drawn


def test_what_is_not_known_is_said_or_left_out():
    drawn = treatment_lines([treatment(brand="", lot="")])
    reason = {"date": "1", "label": "2", "rule": "", "source": "", "decided": False, "unverified": False}

    assert '<span class="quiet">not known</span></td>' in drawn
    assert " · " not in reason_lines([reason])
    assert "Source" not in reason_lines([reason])


def test_days_of_a_sentence_stay_whole_and_what_was_typed_is_text():
    assert whole_days(f"{ODD} until 04-Dec-2026.") == f'{TEXT} until <span class="nowrap">04-Dec-2026</span>.'
