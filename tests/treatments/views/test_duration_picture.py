"""The geometry of how long the effect lasts: everything on the axis, in order, for any number of cycles."""

import pytest

from treatments.templatetags.durations import duration_marks
from treatments.views.duration_picture import DurationPicture, duration_picture

DAYS = (80, 90, 98, 108, 120)
USUAL = (91, 122)


def picture(*cycles: tuple[int, int | None], days=DAYS, usual=USUAL) -> DurationPicture:
    return duration_picture(cycles, days, usual, name="Frown lines", ref="frown", sentence="About 14 weeks.")


@pytest.mark.parametrize(
    "cycles",
    [
        [],
        [(95, 95)],
        [(95, 95), (95, 95)],
        [(95, 95), (110, None)],
        [(0, 100), (80, 90)],
        [(60 + 5 * n, 60 + 5 * n) for n in range(40)],
        [(60, 60), (1100, None)],
    ],
)
def test_everything_lies_on_the_axis(cycles):
    drawn = picture(*cycles)

    places = [dot.x for dot in drawn.dots] + [dot.low_x for dot in drawn.dots] + [tick.x for tick in drawn.ticks]
    for bar in (drawn.wide, drawn.middle, drawn.usual):
        places += [bar.x, bar.x + bar.width]
    assert all(0 <= place <= 100.01 for place in places)
    assert drawn.wide.x <= drawn.middle.x <= drawn.best_x <= drawn.middle.x + drawn.middle.width
    assert 1 <= len(drawn.ticks) <= 8
    assert len(drawn.dots) == len(cycles)


def test_a_cycle_seen_to_the_end_is_filled_and_a_bound_is_hollow_with_an_arrow():
    drawn = picture((95, 95), (110, None), (70, 100))
    svg = duration_marks(drawn)

    assert [dot.kind for dot in drawn.dots] == ["exact", "still", "gone"]
    assert (svg.count("dot-exact"), svg.count("dot-open"), svg.count("dot-arrow")) == (1, 2, 2)
    assert drawn.dots[0].x < drawn.dots[2].x < drawn.dots[1].x


def test_dots_of_one_day_stand_above_each_other():
    assert [dot.level for dot in picture((95, 95), (95, 95), (95, 95), (130, 130)).dots] == [0, 1, 2, 0]


def test_an_estimate_of_no_width_is_still_drawn():
    drawn = picture((98, 98), days=(98,) * 5, usual=(98, 98))

    assert drawn.middle.width == 0
    assert drawn.ticks
