from treatments.models.appointments import Appointment, OverrideReason
from treatments.models.catalogue import (
    AdverseEventKind,
    CatalogueState,
    Contraindication,
    DoseLimit,
    Indication,
    Licence,
    OutcomeMeasure,
    Product,
    Rule,
    Schedule,
    in_effect,
)
from treatments.models.courses import Course, CourseBlock
from treatments.models.flags import Flag
from treatments.models.patients import ContactConsent, Patient, SafetyAnswer, SearchKey, Sex
from treatments.models.treatments import CourseTreatment, Injection, Treatment

__all__ = [
    "AdverseEventKind",
    "Appointment",
    "CatalogueState",
    "ContactConsent",
    "Contraindication",
    "Course",
    "CourseBlock",
    "CourseTreatment",
    "DoseLimit",
    "Flag",
    "Indication",
    "Injection",
    "Licence",
    "OutcomeMeasure",
    "OverrideReason",
    "Patient",
    "Product",
    "Rule",
    "SafetyAnswer",
    "Schedule",
    "SearchKey",
    "Sex",
    "Treatment",
    "in_effect",
]
