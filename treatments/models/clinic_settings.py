"""What the clinic has decided for itself: one row, changed in the admin panel."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from treatments.models.fields import PhoneField
from treatments.rules.vocabulary import LearnedDuration

LEARNED_LABELS = {
    LearnedDuration.OFF: _("Off"),
    LearnedDuration.SUGGEST: _("Suggest: shown beside the usual window, which rules"),
    LearnedDuration.APPLY: _("Apply: the patient's own experience sets the window"),
}


class ClinicSettings(models.Model):
    """One row."""

    telephone = PhoneField(_("telephone for patients"), blank=True)
    learned_duration = models.CharField(
        _("how long the effect lasts, learned from each patient"),
        max_length=7,
        choices=[(m.value, label) for m, label in LEARNED_LABELS.items()],
        default=LearnedDuration.SUGGEST.value,
    )
    version = models.PositiveIntegerField(default=1, editable=False)
    owed_version = models.PositiveIntegerField(default=0, editable=False)  # windows still have to follow it; 0: all do

    class Meta:
        verbose_name = _("clinic settings")
        verbose_name_plural = _("clinic settings")

    def __str__(self) -> str:
        return str(_("Clinic settings"))
