"""The delivered texts and plans: each fits its rules, and a wrong file is refused in words."""

import pytest

from treatments.rules import contact, reference, texts
from treatments.rules.contact import ContactError

USUAL = {
    "first": "Alexandra", "clinic": "Harbour Eye Clinic", "phone": "020 7946 0123", "link": "l" * 33, "day": "14 July",
    "time": "5:30pm", "with": "R. Osei", "stop": "s" * 33,
}  # fmt: skip
STEP = '{ code = "one", anchor = "due_from", offset = 0, channels = ["sms"], text = "due" }'
TEXT = '[[texts]]\ncode = "due"\nname = "Due"\nsms = "{first}"\nsubject = "Due"\nemail = "{first}"\n'
PLAN = (
    '[[plans]]\ncode = "usual"\nname = "Usual"\nusual = true\nquiet_from = 20:00:00\nquiet_until = 09:00:00\n'
    f"cap_days = 14\nmost_per_cycle = 4\nsteps = [{STEP}]\n"
)


@pytest.mark.parametrize("text", contact.load().texts, ids=lambda text: text.code)
def test_a_text_message_is_one_part_with_usual_names(text):
    said = texts.fill(text.sms, USUAL)

    assert texts.sms_parts(said) == 1, len(said)


@pytest.mark.parametrize("text", contact.load().texts, ids=lambda text: text.code)
def test_no_text_names_a_treatment_a_product_or_an_illness(text):
    shelf = reference.load()
    names = [name for p in shelf.products.values() for name in (p.brand, p.nonproprietary_name)]
    names += [i.name for i in shelf.indications.values()]
    names += ["toxin", "botulinum", "botox", "inject", "treatment", "wrinkle", "migraine", "pregnan", "health"]
    said = " ".join((text.sms, text.subject, text.email)).lower()

    assert [name for name in names if name.lower() in said] == []


def test_every_reminder_can_be_stopped_from_its_e_mail():
    reminders = [text for text in contact.load().texts if text.name.startswith("Reminder")]

    assert [text.code for text in reminders if "{stop}" not in text.email] == []
    assert len(reminders) == 4


@pytest.mark.parametrize(
    ("kind", "schedule", "plan"),
    [
        ("aesthetic", "window", ""),
        ("therapeutic", "window", "therapeutic"),
        ("therapeutic", "examination", "therapeutic"),
        ("therapeutic", "fixed", "fixed"),
    ],
)
def test_whose_plan_is_which(kind, schedule, plan):
    assert contact.load().plan_of(kind, schedule) == plan


def test_no_plan_writes_more_often_than_it_allows_itself():
    for plan in contact.load().plans:
        assert len(plan.steps) <= plan.most_per_cycle
        assert (plan.cap_days, plan.most_per_cycle) == (14, 4)


def test_a_small_file_is_read():
    found = contact.read(TEXT + PLAN)

    assert [plan.steps[0].text for plan in found.plans] == ["due"]


@pytest.mark.parametrize(
    ("was", "becomes", "sentence"),
    [
        ("[[texts]]", "[[words]]", "There are no"),
        ('sms = "{first}"', 'sms = "{frist}"', "{frist} is not a field"),
        ('subject = "Due"', 'subject = " "', "due: subject is missing"),
        ("usual = true", "usual = false", "Exactly one plan"),
        ("quiet_until = 09:00:00", "quiet_until = 20:00:00", "two different times"),
        ("quiet_until = 09:00:00", 'quiet_until = "nine"', "two different times"),
        ("cap_days = 14", 'cap_days = "14"', "cap_days is a whole number"),
        ('text = "due"', 'text = "deu"', "there is no text “deu”"),
        ('channels = ["sms"]', "channels = []", "cannot be"),
        ('channels = ["sms"]', 'channels = ["phone"]', "cannot be"),
        ('channels = ["sms"]', 'channels = "sms"', "channels is a list"),
        ("offset = 0", "offset = 367", "cannot be"),
        (f"steps = [{STEP}]", "steps = []", "a plan has steps"),
    ],
)
def test_a_wrong_file_is_refused(was, becomes, sentence):
    source = TEXT + PLAN
    assert was in source

    with pytest.raises(ContactError, match=sentence):
        contact.read(source.replace(was, becomes, 1))
