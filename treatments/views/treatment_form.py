"""A treatment that is being written down: its forms, and what the gate says of it so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from functools import cached_property
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.html import format_html
from django.utils.translation import gettext as _

from clinic.formats import day
from clinic.models import Practitioner, User
from treatments.forms.layout import put_errors
from treatments.forms.treatments import (
    MOST_ROWS,
    PREFIX,
    REASON_LENGTH,
    BaseInjections,
    InjectionFormSet,
    RecordAnswers,
    RecordForm,
    Together,
)
from treatments.models import Indication, Product, Treatment
from treatments.queries import patterns
from treatments.queries.treatments import injections_of, last_treatment, lot_in_use
from treatments.rules.contraindications import answer_state
from treatments.rules.findings import cautions, stops
from treatments.rules.vocabulary import Answer, Side, TreatmentKind
from treatments.services import signing
from treatments.services.effects import Said
from treatments.services.records import Line, Record
from treatments.views import treatment_start as start
from treatments.views.treatment_checks import NEVER, Reading, day_of


class Draft:
    """One record on its way. `data` is what was posted; without it the page starts from `query`."""

    def __init__(
        self,
        frame: Mapping[str, Any],
        *,
        user: User,
        data: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
        amends: Treatment | None = None,
    ) -> None:
        self.frame, self.user, self.data, self.query, self.amends = frame, user, data, query or {}, amends
        self.patient, self.today, self.book = frame["patient"], frame["on"], frame["book"]
        given = frame["facts"].given
        self.facts = replace(frame["facts"], given=tuple(g for g in given if not amends or g.ref != amends.public_id))
        self.said = ""
        self.signing = data is not None and "sign" in data
        self.refused = False
        self._read()

    # ---- what is at hand ----

    @cached_property
    def products(self) -> dict[str, Product]:
        of_record = Q(pk=self.amends.product_id) if self.amends else Q()
        return {row.code: row for row in Product.objects.filter(Q(is_active=True) | of_record)}

    @cached_property
    def practitioners(self) -> dict[str, Practitioner]:
        of_record = Q(pk=self.amends.practitioner_id) if self.amends else Q()
        return {str(row.pk): row for row in Practitioner.objects.filter(Q(is_active=True) | of_record)}

    @cached_property
    def indications(self) -> dict[str, Indication]:
        of_record = Q(courses__treatments__treatment=self.amends) if self.amends else Q()
        return {row.code: row for row in Indication.objects.filter(Q(is_active=True) | of_record).distinct()}

    @cached_property
    def last(self) -> Treatment | None:
        return last_treatment(self.patient)

    @cached_property
    def visit(self) -> Any:
        if self.amends:
            return self.amends.appointment
        ref = str((self.data or self.query).get("visit", ""))
        return start.visit_of(self.patient, self.day, ref=ref)

    @cached_property
    def planned(self) -> list[str]:
        """The indications that the visit is for, else the patient's own."""
        if self.visit:
            return list(self.visit.courses.order_by("pk").values_list("indication__code", flat=True))
        return []

    @cached_property
    def patterns(self) -> dict[str, patterns.Pattern]:
        """Usual patterns to start from: of what is planned and what the patient has had, else of every facial line."""
        had = {given.indication for given in self.facts.counted()}
        wanted = [row for code, row in self.indications.items() if code in {*self.planned, *had}]
        wanted = wanted or [row for row in self.indications.values() if row.kind == "aesthetic"]
        product = self.products.get(self.values.get("product", ""))
        return patterns.patterns(wanted, product.code if product else "", on=self.today)

    # ---- what is written ----

    def _read(self) -> None:
        if self.data is None:
            self._start()
        else:
            self.values = start.typed(self.data, [*RecordForm.base_fields, "product", "practitioner", "reason"])
            self.rows = start.typed_rows(self.data, PREFIX, MOST_ROWS)
            if fill := self.data.get("fill", ""):
                self._fill(fill)
            elif "more" in self.data:
                self.rows += start.blank_rows([row["indication"] for row in self.rows[-1:]])
        self._make_forms()

    def _start(self) -> None:
        named = str(self.query.get("visit", ""))
        on = start.day_of_visit(self.patient, named, today=self.today)
        self.values = {"performed_on": on}
        if self.amends:
            self.values = start.of_treatment(self.amends)
            self.rows = start.rows_of(injections_of(self.amends))
            return
        mine = Practitioner.objects.filter(user=self.user, is_active=True).first()
        self.values = start.of_visit(
            self.visit, on=on, product=self._first_product(), practitioner=str(mine.pk) if mine else ""
        )
        if lot := lot_in_use(self.values["product"], on=on):
            self.values |= {"lot_number": lot.number, "lot_expires_on": lot.expires_on}
            self.suggested_lot_on = day(lot.last_used_on)
        self.rows = []
        if fill := "repeat" if self.query.get("repeat") else str(self.query.get("pattern", "")):
            self._fill(fill)
        self.rows = self.rows or start.blank_rows(self.planned)

    suggested_lot_on = ""

    def _first_product(self) -> str:
        of_visit = self.visit.product.code if self.visit and self.visit.product else ""
        of_last = self.last.product.code if self.last and self.last.product else ""
        asked = str(self.query.get("product", ""))
        return next((code for code in (asked, of_visit, of_last) if code in self.products), "")

    def _fill(self, what: str) -> None:
        product = self.products.get(self.values.get("product", ""))
        if what == "repeat":
            rows, self.said = start.repeat(self.last, product.code if product else "", product.brand if product else "")
        elif what in self.patterns:
            rows, self.said = start.with_pattern(self.rows, self.patterns[what])
        else:
            rows, self.said = [], _("The catalogue has no usual pattern for this.")
        if rows:
            self.rows = rows

    def _make_forms(self) -> None:
        bound = self.data if self.signing else None
        self.form = RecordForm(
            bound,
            initial=self.values,
            products=self.products.values(),
            practitioners=self.practitioners.values(),
            today=self.today,
            born_on=self.patient.born_on,
            amending=self.amends is not None,
            asks_effect=self._asks_effect(),
        )
        self.injections: BaseInjections = InjectionFormSet(  # type: ignore[assignment]
            bound,
            initial=None if self.signing else self.rows,
            prefix=PREFIX,
            form_kwargs={"indications": self.indications},
        )
        state, asked_on = answer_state(self.facts, self.book, on=self.day)
        self.answered = state == "asked" and asked_on == self.day
        self.answers = RecordAnswers(self.data, questions=self.book.questions, rules=self.book.contraindications)

    def _asks_effect(self) -> bool:
        """Whether a full treatment came before this day, of whose effect nobody has said on it, or for good, how it was."""
        if self.amends:
            return False
        before = [given for given in self.facts.counted() if given.kind == TreatmentKind.FULL and given.on < self.day]
        latest = {given.indication: given for given in before}.values()
        return any(not g.worn_off_on and self.day not in (g.still_working_on, g.seen_gone_on) for g in latest)

    @property
    def day(self) -> date:
        """The day of the treatment as far as it can be read, else today."""
        return day_of(self.values.get("performed_on")) or self.today

    # ---- what the gate says ----

    @cached_property
    def reading(self) -> Reading:
        return Reading(
            patient=self.patient,
            facts=self.facts,
            book=self.book,
            today=self.today,
            values=self.values,
            rows=self.rows,
            products=self.products,
            indications=self.indications,
            answers=self.given_answers(),
            visit=self.visit,
            amends=self.amends,
        )

    def given_answers(self) -> dict[str, Answer]:
        """The answers that are written so far."""
        if self.answered or not self.answers.touched:
            return {}
        if self.answers.is_valid():
            return self.answers.answers()
        said = {code: self.answers.cleaned_data.get(code) for code in self.answers.questions}
        return {code: Answer(answer) for code, answer in said.items() if answer}

    # ---- the signature ----

    def is_valid(self) -> bool:
        """All forms together, so that every sentence is said at once."""
        answered = self.answered or not self.answers.touched or self.answers.is_valid()
        valid = all([self.form.is_valid(), self.injections.is_valid(), answered])
        if len(self.values["incident_reason"].strip()) < REASON_LENGTH:
            valid = self._asks_questions() and valid
            if valid:
                self.injections.refuse_above_limits(self.form.cleaned_data["product"].code, self.book)
                valid = self.injections.is_valid()
        return valid

    def _asks_questions(self) -> bool:
        if self.answered or self.answers.touched:
            return True
        self.refused = True
        sentence = _("Answer the safety questions for this day, or record it as an incident.")
        first = self.answers["asked_all"].id_for_label
        self.form.add_error(None, format_html('<a href="#{}">{}</a>', first, sentence))
        return False

    def sign(self, *, by: str, at: datetime, version: int | None = None) -> Treatment:
        typed = self.form.cleaned_data
        lines = [form.cleaned_data for form in self.injections.filled()]
        record = Record(
            performed_on=typed["performed_on"],
            kind=TreatmentKind(typed["kind"]),
            product=typed["product"],
            lot_number=typed["lot_number"],
            lot_expires_on=typed["lot_expires_on"],
            lines=tuple(Line(row["indication"].code, row["site"], row["units"], Side(row["side"])) for row in lines),
            practitioner=typed["practitioner"],
            note=typed["note"],
            appointment=self.visit,
        )
        return signing.sign(
            record,
            patient=self.patient,
            answers=self.given_answers(),
            by=by,
            at=at,
            acknowledged=typed["acknowledged"],
            incident_reason=typed["incident_reason"],
            amends=self.amends,
            void_reason=typed.get("reason", ""),
            version=version,
            effect=Said(**said) if (said := self.form.effect_said()) else None,
        )

    def put(self, error: ValidationError) -> None:
        """What the service refused, at its field; the day of an effect is asked for by another name."""
        if hasattr(error, "error_dict") and "worn_off_on" in error.error_dict:
            self.form.add_error("effect_on", error.error_dict.pop("worn_off_on"))
        put_errors(self.form, error)

    def refuse(self) -> None:
        """Say at the fields what a signature that the gate refused still needs."""
        self.refused = True
        if any(f.code == NEVER for f in self.reading.found):
            self.form.add_error("kind", _("This cannot be a touch-up. Record it as full."))
        elif stops(self.reading.found) and len(self.form.cleaned_data["incident_reason"].strip()) < REASON_LENGTH:
            words = _("Blocked. If it has already been given, say why in 10 characters or more.")
            self.form.add_error("incident_reason", words)
        elif cautions(self.reading.found) and not self.form.cleaned_data["acknowledged"]:
            self.form.add_error("acknowledged", _("Confirm that you have read the cautions."))

    # ---- the page ----

    def summary(self) -> Together:
        members = [self.form, self.answers] if self.answers.touched and not self.answered else [self.form]
        return Together(*members) if self.signing else Together()

    @property
    def has_errors(self) -> bool:
        return self.signing and bool(self.summary().errors or self.injections.total_error_count())

    def checks(self) -> dict[str, Any]:
        """What the live check answers with."""
        box = self.reading.sign_box(questions_open=not self.answered and not self.refused)
        self.form.fields["incident_reason"].required = box["blocked"]  # said on the page; the gate asks for it
        buttons = [(code, start.pattern_label(pattern)) for code, pattern in self.patterns.items()]
        return {
            "draft": self,
            "verdict": self.reading.verdict(questions_open=not self.answered),
            "totals": self.reading.totals(),
            "sign": box,
            "incident_open": self.signing or bool(self.values.get("incident_reason")),
            "patterns": buttons,
            "repeat": self._repeat_label(),
        }

    def page(self) -> dict[str, Any]:
        names = {row.code: patterns.usual_sites(row) for row in self.indications.values()}
        sites = [(site, self.indications[code].short_name) for code, known in names.items() for site in known]
        return {
            **self.frame,
            **self.checks(),
            "sites": sites,
            "visit_line": self._visit_line(),
            "late_line": "" if self.amends else start.late_line(self.day, self.today),
            "has_errors": self.has_errors,
        }

    def _repeat_label(self) -> str:
        return start.repeat_label(self.last, self.facts) if self.last and not self.amends else ""

    def _visit_line(self) -> str:
        return start.visit_line(self.visit) if self.visit and not self.amends else ""
