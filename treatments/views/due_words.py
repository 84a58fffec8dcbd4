"""The words of the call list: its tabs, its orders, and why a tab is empty."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from treatments.queries import due_tabs as tabs

LABELS = {
    tabs.SOON: gettext_lazy("Due soon"),
    tabs.NOW: gettext_lazy("Due"),
    tabs.OVERDUE: gettext_lazy("Overdue"),
    tabs.LAPSED: gettext_lazy("Lapsed"),
    tabs.REBOOK: gettext_lazy("To rebook"),
    tabs.SNOOZED: gettext_lazy("Snoozed"),
    tabs.ON_HOLD: gettext_lazy("On hold"),
    tabs.REVIEW: gettext_lazy("To be looked at"),
}
BY_REASON = gettext_lazy(
    "First those whose visit is on hold, then therapeutic courses with more than one treatment, then first cycles, then the rest."
)
ORDERS = {
    tabs.SOON: gettext_lazy("by reason, then soonest first"),
    tabs.NOW: gettext_lazy("by reason, then window closing first"),
    tabs.OVERDUE: gettext_lazy("by reason, then most days past the window"),
    tabs.LAPSED: gettext_lazy("by reason, then latest lapse first"),
    tabs.REBOOK: gettext_lazy("by reason, then longest without a visit"),
    tabs.SNOOZED: gettext_lazy("next back first"),
    tabs.ON_HOLD: gettext_lazy("next review or end first"),
    tabs.REVIEW: gettext_lazy("longest first"),
}
OTHER_ORDERS = {
    "longest": gettext_lazy("longest first"),
    "contact": gettext_lazy("longest without a contact first"),
}
SHOWN = {
    "no": gettext_lazy("to be called"),
    "yes": gettext_lazy("booked"),
    "out": gettext_lazy("said no to reminders"),
    "all": "",
}
EMPTY = {
    tabs.SOON: gettext_lazy("Nobody's window opens within 21 days."),
    tabs.NOW: gettext_lazy("Nobody is due."),
    tabs.OVERDUE: gettext_lazy("Nobody is overdue."),
    tabs.LAPSED: gettext_lazy("Nobody has lapsed."),
    tabs.REBOOK: gettext_lazy("Nobody has to be booked again."),
    tabs.SNOOZED: gettext_lazy("Nobody is snoozed."),
    tabs.ON_HOLD: gettext_lazy("Nobody is on hold."),
    tabs.REVIEW: gettext_lazy("No record has to be looked at."),
}
NEXT = {
    tabs.SOON: gettext_lazy("The next window opens on %(day)s."),
    tabs.NOW: gettext_lazy("The next one becomes due on %(day)s."),
    tabs.OVERDUE: gettext_lazy("The next one becomes overdue on %(day)s."),
    tabs.LAPSED: gettext_lazy("The next one lapses on %(day)s."),
}
