"""Which numbers of a table are not shown, so that nobody can be guessed: groups under five, and what gives them away."""

from __future__ import annotations

from collections.abc import Sequence

FEWEST = 5


def is_small(number: int) -> bool:
    """True for a group of one to four people; nobody at all tells nothing about anybody."""
    return 0 < number < FEWEST


def hidden(numbers: Sequence[int], *, total_shown: bool) -> frozenset[int]:
    """The places in a line of numbers that are not shown.

    Where the total stands beside them, one hidden number is what is missing from it. So others are hidden too, the
    smallest first, until what is missing can be made up in more than one way.
    """
    gone = {place for place, number in enumerate(numbers) if is_small(number)}
    if not gone or not total_shown:
        return frozenset(gone)
    others = sorted(
        (place for place, number in enumerate(numbers) if number and place not in gone), key=lambda p: (numbers[p], p)
    )
    for place in others:
        if not _given_away([numbers[each] for each in gone]):
            break
        gone.add(place)
    return frozenset(gone)


def total_gives_away(numbers: Sequence[int]) -> bool:
    """True where even with every number hidden the total tells them, so it is not shown either."""
    gone = hidden(numbers, total_shown=True)
    return bool(gone) and _given_away([numbers[place] for place in gone])


def _given_away(missing: Sequence[int]) -> bool:
    """True where the hidden numbers, each at least 1, are known from their sum."""
    return len(missing) < 2 or sum(missing) <= len(missing) or sum(missing) < FEWEST


def share_is_shown(part: int, whole: int) -> bool:
    """True where a share tells of no group under five: neither of the whole, nor of those who are counted in it."""
    return whole >= FEWEST and not is_small(part)
