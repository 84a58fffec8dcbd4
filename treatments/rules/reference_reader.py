"""Reads the catalogue's TOML files into records and refuses everything that does not fit, with a sentence."""

from __future__ import annotations

import tomllib
import types
from collections.abc import Iterable, Mapping
from decimal import Decimal
from enum import StrEnum
from functools import cache
from inspect import Parameter, signature
from pathlib import Path
from typing import NamedTuple, Protocol, TypeVar, Union, get_args, get_origin, get_type_hints

from treatments.rules.periods import Length, LengthUnit
from treatments.rules.reference_records import (
    AdverseEventKind,
    Contraindication,
    DayRange,
    DoseLimit,
    DurationPrior,
    Indication,
    IntervalVariant,
    Licence,
    OutcomeMeasure,
    Product,
    Reference,
    Site,
    Source,
    Threshold,
)
from treatments.rules.words import fold


class FromFields(Protocol):
    def __init__(self, **fields: object) -> None: ...


Record = TypeVar("Record", bound=FromFields)
Coded = TypeVar("Coded", Source, Product, Indication, Contraindication, AdverseEventKind, OutcomeMeasure, DoseLimit)

TABLES = (
    "sources", "products", "indications", "licences", "interval_variants", "dose_limits",
    "contraindications", "adverse_events", "outcome_measures", "duration_priors",
)  # fmt: skip


class CatalogueError(ValueError):
    """A catalogue file cannot be used: which file, which record, which field, and a sentence that says why."""

    def __init__(self, file: str, code: str, field: str, sentence: str) -> None:
        self.file, self.code, self.field, self.sentence = file, code, field, sentence
        super().__init__(": ".join(part for part in (file, code, field, sentence) if part))


class Place(NamedTuple):
    file: str
    code: str
    field: str

    def error(self, sentence: str) -> CatalogueError:
        return CatalogueError(self.file, self.code, self.field, sentence)


def read(folder: Path) -> Reference:
    """The catalogue of a folder, every reference in it resolved; CatalogueError if anything is wrong."""
    found = sorted(path.stem for path in folder.glob("*.toml"))
    for stem in sorted(set(found) ^ set(TABLES)):
        raise CatalogueError(f"{stem}.toml", "", "", "is not a catalogue file." if stem in found else "is missing.")
    products = _by_code("products", _records(folder, "products", Product))
    indications = _by_code("indications", _records(folder, "indications", Indication))
    contraindications = _by_code("contraindications", _records(folder, "contraindications", Contraindication))
    reference = Reference(
        sources=_by_code("sources", _records(folder, "sources", Source)),
        products=products,
        indications=indications,
        contraindications=contraindications,
        adverse_events=_by_code("adverse_events", _records(folder, "adverse_events", AdverseEventKind)),
        outcome_measures=_by_code("outcome_measures", _records(folder, "outcome_measures", OutcomeMeasure)),
        licences=_records(folder, "licences", Licence),
        interval_variants=_records(folder, "interval_variants", IntervalVariant),
        dose_limits=tuple(_by_code("dose_limits", _records(folder, "dose_limits", DoseLimit)).values()),
        duration_priors=_records(folder, "duration_priors", DurationPrior),
        product_spellings=_spellings("products", products),
        indication_spellings=_spellings("indications", indications),
        contraindication_spellings=_spellings("contraindications", contraindications),
    )
    _check_references(reference)
    _check_licences_once(reference)
    _check_priors(reference)
    return reference


def _records(folder: Path, table: str, build: type[Record]) -> tuple[Record, ...]:
    file = f"{table}.toml"
    try:
        tables = tomllib.loads((folder / file).read_text(encoding="utf-8"), parse_float=Decimal)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CatalogueError(file, "", "", f"is not valid TOML: {error}.") from error
    for key in tables:
        if key != table:
            raise CatalogueError(file, "", key, f"is not known here; the records are called [[{table}]].")
    rows = tables.get(table, [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise CatalogueError(file, "", table, f"must be written as [[{table}]].")
    return tuple(_record(build, row, file, _name_of(row)) for row in rows)


def _name_of(row: dict[str, object]) -> str:
    """How an error names the record: its code, or product (or its family) and indication."""
    if "code" in row:
        return str(row["code"])
    return f"{row.get('product', row.get('product_family', '?'))}/{row.get('indication', '?')}"


@cache
def _shape(build: type[object]) -> tuple[Mapping[str, Parameter], Mapping[str, object]]:
    return signature(build).parameters, get_type_hints(build)


def _record(build: type[Record], row: dict[str, object], file: str, code: str) -> Record:
    parameters, kinds = _shape(build)
    for key in row:
        if key not in parameters:
            raise CatalogueError(file, code, key, "is not a known field.")
    for name, parameter in parameters.items():
        if parameter.default is Parameter.empty and row.get(name) in (None, "", []):
            raise CatalogueError(file, code, name, "is missing.")
    for mark in _texts(row.get("unverified")):
        if mark != "*" and mark.partition(".")[0] not in parameters:
            raise CatalogueError(file, code, "unverified", f"“{mark}” names no field of this record.")
    values = {name: _value(kinds[name], value, Place(file, code, name)) for name, value in row.items()}
    return build(**values)


def _value(kind: object, value: object, place: Place) -> object:
    """The TOML value as the type the record declares."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):  # only "X | None" occurs; TOML has no None
        return _value(next(one for one in inner if one is not types.NoneType), value, place)
    if origin is tuple:
        if not isinstance(value, list):
            raise place.error(f"must be a list, not “{value}”.")
        items = tuple(_value(inner[0], item, place) for item in value)
        if len(set(items)) != len(items):
            raise place.error("names something twice.")
        return items
    if origin is Mapping:
        if not isinstance(value, dict):
            raise place.error(f"must be a table, not “{value}”.")
        return {_value(inner[0], key, place): _value(inner[1], item, place) for key, item in value.items()}
    for part in (DayRange, Site, Threshold):
        if kind is part:
            return _part(part, value, place)
    if kind is Length:
        return _length(value, place)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        if value not in list(kind):
            raise place.error(f"“{value}” is not one of {', '.join(kind)}.")
        return kind(str(value))
    return _plain(kind, value, place)


def _part(kind: type[Record], value: object, place: Place) -> Record:
    if not isinstance(value, dict):
        raise place.error(f"must be a table, not “{value}”.")
    part = _record(kind, value, place.file, f"{place.code}, {place.field}")
    if isinstance(part, DayRange) and part.low > part.high:
        raise place.error(f"the low end {part.low} lies above the high end {part.high}.")
    return part


def _length(value: object, place: Place) -> Length:
    number, _, unit = str(value).partition(" ")
    unit = unit if unit.endswith("s") else f"{unit}s"
    if not number.isascii() or not number.isdigit() or int(number) == 0 or unit not in list(LengthUnit):
        raise place.error(f"“{value}” is not a length such as “12 weeks” or “3 months”.")
    return Length(int(number), LengthUnit(unit))


def _plain(kind: object, value: object, place: Place) -> object:
    if kind is Decimal and isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        if not Decimal(value).is_finite():
            raise place.error(f"“{value}” is not a number.")
        return Decimal(value)
    if type(value) is not kind:
        wanted: dict[object, str] = {str: "a text", bool: "true or false", int: "a whole number", Decimal: "a number"}
        raise place.error(f"must be {wanted[kind]}, not “{value}”.")
    return value


def _texts(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []


def _by_code(table: str, records: Iterable[Coded]) -> dict[str, Coded]:
    found: dict[str, Coded] = {}
    for record in records:
        if record.code in found:
            raise CatalogueError(f"{table}.toml", record.code, "code", "occurs twice.")
        found[record.code] = record
    return found


def _spellings(table: str, records: Mapping[str, Product | Indication | Contraindication]) -> dict[str, str]:
    """Every spelling of every record, folded, to its code; one spelling for two records is an error."""
    found: dict[str, str] = {}
    for record in records.values():
        names = (record.brand, *record.aliases) if isinstance(record, Product) else (record.name, record.short_name)
        for spelling in (record.code, *names, *record.spellings):
            folded = fold(spelling)
            if not folded:
                raise CatalogueError(f"{table}.toml", record.code, "spellings", f"“{spelling}” is empty.")
            if found.setdefault(folded, record.code) != record.code:
                sentence = f"“{spelling}” is also a spelling of {found[folded]}."
                raise CatalogueError(f"{table}.toml", record.code, "spellings", sentence)
    return found


def _check_references(reference: Reference) -> None:
    """Every code a record names exists: its sources, products, indications, outcome measures, unit system."""
    known: dict[str, Iterable[str]] = {
        "sources": reference.sources,
        "product": reference.products,
        "products": reference.products,
        "indication": reference.indications,
        "indications": reference.indications,
        "outcome_measures": reference.outcome_measures,
        "product_family": {product.duration_family for product in reference.products.values()},
        "unit_system": {product.unit_system for product in reference.products.values()},
    }
    for table in TABLES[1:]:
        held = getattr(reference, table)
        for record in held.values() if isinstance(held, Mapping) else held:
            for part in (record, *(record.sites if isinstance(record, Indication) else ())):
                _check_codes(part, known, f"{table}.toml", _label(record))


def _check_codes(record: object, known: Mapping[str, Iterable[str]], file: str, code: str) -> None:
    for field, codes in known.items():
        named = getattr(record, field, ())
        for one in (named,) if isinstance(named, str) else named:
            if one not in codes:
                raise CatalogueError(file, code, field, f"“{one}” is not known.")


def _label(record: object) -> str:
    if isinstance(record, (Licence, IntervalVariant)):
        return f"{record.product}/{record.indication}"
    if isinstance(record, DurationPrior):
        return f"{record.product_family}/{record.indication}"
    return str(getattr(record, "code", ""))


def _check_licences_once(reference: Reference) -> None:
    seen: set[tuple[str, str, str]] = set()
    for licence in reference.licences:
        for jurisdiction in licence.jurisdictions:
            key = (licence.product, licence.indication, jurisdiction)
            if key in seen:
                raise CatalogueError("licences.toml", _label(licence), "jurisdictions", f"{jurisdiction} occurs twice.")
            seen.add(key)


def _check_priors(reference: Reference) -> None:
    """One prior for each indication and family, and its median where the effect may end."""
    seen: set[tuple[str, str]] = set()
    for prior in reference.duration_priors:
        key = (prior.product_family, prior.indication)
        if key in seen:
            raise CatalogueError("duration_priors.toml", _label(prior), "indication", "occurs twice.")
        seen.add(key)
        if not 0 < prior.floor_days < prior.median_days < prior.ceiling_days:
            sentence = "must lie between floor_days and ceiling_days."
            raise CatalogueError("duration_priors.toml", _label(prior), "median_days", sentence)
        for field in ("log_sigma_between", "log_sigma_within", "learn_drift"):
            if getattr(prior, field) <= 0:
                raise CatalogueError("duration_priors.toml", _label(prior), field, "must be more than 0.")
