from treatments.models.appointments import Appointment, EarlierWish, OverrideReason, SlotHold, VisitOverride, WhatNext
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
from treatments.models.clinic_settings import ClinicSettings
from treatments.models.contact import (
    ContactAttempt,
    ContactPlan,
    ContactStep,
    Message,
    MessageText,
    Reminder,
    ReminderRun,
)
from treatments.models.courses import Course, CourseBlock
from treatments.models.flags import Flag
from treatments.models.links import DigestMail, PatientLink, PatientRequest
from treatments.models.patients import Consent, ContactConsent, Patient, PatientMerge, SafetyAnswer, SearchKey, Sex
from treatments.models.reports import ClosedMonth
from treatments.models.services import Service
from treatments.models.tokens import FormToken
from treatments.models.treatments import CourseTreatment, Injection, LotStop, Treatment

__all__ = [
    "AdverseEventKind",
    "Appointment",
    "CatalogueState",
    "ClinicSettings",
    "ClosedMonth",
    "Consent",
    "ContactAttempt",
    "ContactConsent",
    "ContactPlan",
    "ContactStep",
    "Contraindication",
    "Course",
    "CourseBlock",
    "CourseTreatment",
    "DigestMail",
    "DoseLimit",
    "EarlierWish",
    "Flag",
    "FormToken",
    "Indication",
    "Injection",
    "Licence",
    "LotStop",
    "Message",
    "MessageText",
    "OutcomeMeasure",
    "OverrideReason",
    "Patient",
    "PatientLink",
    "PatientMerge",
    "PatientRequest",
    "Product",
    "Reminder",
    "ReminderRun",
    "Rule",
    "SafetyAnswer",
    "Schedule",
    "SearchKey",
    "Service",
    "Sex",
    "SlotHold",
    "Treatment",
    "VisitOverride",
    "WhatNext",
    "in_effect",
]
