"""The form that books a visit: what it is, what for, and its time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from treatments.forms.layout import LineField
from treatments.forms.times import USUAL_MINUTES, OneOf, TimeForm
from treatments.models import Course, Indication, Product, Service
from treatments.queries.prepared import prepared


class SomeOf(forms.MultipleChoiceField):
    """Ticks by code; the objects are read once for the choices and for the answer."""

    widget = forms.CheckboxSelectMultiple
    objects: dict[str, Indication] = {}

    def offer(self, objects: Iterable[Indication], label: Callable[[Indication], str]) -> None:
        self.objects = {each.code: each for each in objects}
        self.choices = [(code, label(each)) for code, each in self.objects.items()]

    def valid_value(self, value: Any) -> bool:
        return value in self.objects

    def clean(self, value: Any) -> list[Indication]:
        """None is not an error here: the form asks for one of both groups."""
        return [self.objects[code] for code in super().clean(value)] if value else []


@dataclass(frozen=True, slots=True)
class InUse:
    """What the catalogue has in use."""

    products: tuple[Product, ...]
    indications: tuple[Indication, ...]


def in_use() -> InUse:
    return InUse(tuple(_products()), tuple(_indications()))


@prepared
def _products() -> QuerySet[Product]:
    return Product.objects.filter(is_active=True)


@prepared
def _indications() -> QuerySet[Indication]:
    return Indication.objects.filter(is_active=True).order_by("short_name", "pk")


class BookingForm(TimeForm):
    """`courses`: the patient's own, in the order in which they are offered; `notes`: code -> where it stands."""

    service = OneOf(label=gettext_lazy("What"), required=False)
    indications = SomeOf(label=gettext_lazy("What for"), required=False)
    others = SomeOf(label=gettext_lazy("Other uses"), required=False)
    product = OneOf(label=gettext_lazy("Product"), required=False)
    note = LineField(label=gettext_lazy("Note for the visit"), required=False, max_length=200)

    def __init__(
        self,
        *args: Any,
        courses: Sequence[Course] = (),
        notes: Mapping[str, str] | None = None,
        services: Sequence[Service] = (),
        in_use: InUse,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.courses, self.services = courses, services
        fields: dict[str, Any] = self.fields
        plain = "" if any(service.is_treatment for service in services) else _("Toxin treatment, 30 min")
        fields["service"].offer(services, label=_with_length, empty=plain)
        fields["product"].offer(in_use.products, key="code", empty=_("As last time, or decided at the visit"))
        self._offer_indications(in_use.indications, notes or {})

    def _offer_indications(self, rest: Sequence[Indication], notes: Mapping[str, str]) -> None:
        """Only others are offered beside the patient's own; one that has become the patient's own since is taken."""
        fields: dict[str, Any] = self.fields
        mine = {course.indication_id: course.indication for course in self.courses}
        fields["others"].offer(rest, lambda each: each.short_name)
        fields["others"].choices = [(each.code, each.short_name) for each in rest if each.pk not in mine]
        if mine:
            fields["indications"].offer(mine.values(), lambda each: _with_note(each, notes.get(each.code, "")))
        else:
            del fields["indications"]
            fields["others"].label = _("What for")

    @property
    def usual_minutes(self) -> int:
        service = self.cleaned_data.get("service")
        return service.minutes if service else USUAL_MINUTES

    @property
    def is_treatment(self) -> bool:
        """False for a consultation: then nothing needs to be chosen that it is for."""
        service = self.cleaned_data.get("service")
        return service is None or service.is_treatment

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        chosen: Iterable[Indication] = [*cleaned.get("indications", ()), *cleaned.get("others", ())]
        cleaned["chosen"] = tuple(dict.fromkeys(chosen)) if self.is_treatment else ()
        first = "indications" if "indications" in self.fields else "others"
        wrong = self.errors.get("indications") or self.errors.get("others")
        if self.is_treatment and not cleaned["chosen"] and not wrong:
            self.add_error(first, _("Choose what the visit is for."))
        return cleaned


def _with_length(service: Service) -> str:
    return _("%(name)s, %(minutes)d min") % {"name": service.name, "minutes": service.minutes}


def _with_note(indication: Indication, note: str) -> str:
    return f"{indication.short_name}: {note}" if note else indication.short_name
