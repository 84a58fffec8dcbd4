"""Forms that were sent once."""

from __future__ import annotations

from django.db import models


class FormToken(models.Model):
    """A create form that has been saved, and what it made: sent a second time, it makes nothing."""

    token = models.CharField(max_length=32, primary_key=True)
    by = models.CharField(max_length=150)
    at = models.DateTimeField(db_index=True)
    made = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ("-at", "token")

    def __str__(self) -> str:
        return self.token
