from treatments.admin import (
    catalogue,
    closed_days,
    decisions,
    hours,
    index,
    lots,
    offered,
    people,
    records,
    rulebook,
    visits,
)

__all__ = [
    "catalogue",
    "closed_days",
    "decisions",
    "hours",
    "index",
    "lots",
    "offered",
    "people",
    "records",
    "rulebook",
    "visits",
]
