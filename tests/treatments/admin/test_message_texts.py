"""The words of messages: changed with their trail, refused where they tell too much, previewed and tried out."""

from __future__ import annotations

import json

import pytest

from clinic.channels import registry
from clinic.channels.base import Unavailable
from clinic.models import AuditEvent
from tests import factories
from tests.treatments.admin.forms import said, url
from treatments.models import ClinicSettings, ContactStep, MessageText
from treatments.services import message_texts
from treatments.services.stale import Stale


@pytest.fixture
def row() -> MessageText:
    return MessageText.objects.get(code="booked")


def typed(row: MessageText, **fields: str) -> dict[str, str]:
    return {"name": row.name, "sms": row.sms, "subject": row.subject, "email": row.email} | fields


def save(door, row: MessageText, **fields: str):
    return door.post(url("messagetext", "change", row.pk), typed(row, **fields))


class Post:
    ways = ("email", "sms")

    def __init__(self) -> None:
        self.sent: list = []

    def send(self, outgoing) -> str:
        self.sent.append(outgoing)
        return ""


@pytest.fixture
def post(monkeypatch) -> Post:
    made = Post()
    monkeypatch.setattr(registry, "ways", lambda: ("sms", "email"))
    monkeypatch.setattr(registry, "channel", lambda _way: made)
    return made


def test_words_are_changed_with_who_and_when(door, row, manager):
    answer = save(door, row, sms="See you on {day} at {time}. {link}")

    assert answer.status_code == 302
    row.refresh_from_db()
    assert (row.sms, row.version) == ("See you on {day} at {time}. {link}", 2)
    event = AuditEvent.objects.get(verb="text.amended")
    assert (event.by, set(event.details)) == (manager.username, {"sms"})


def test_saving_what_stands_changes_nothing(door, row):
    save(door, row)

    row.refresh_from_db()
    assert row.version == 1
    assert not AuditEvent.objects.filter(verb="text.amended").exists()


@pytest.mark.parametrize(
    ("fields", "field", "sentence"),
    [
        ({"sms": "Dear {frist}"}, "sms", "{frist} is not a field."),
        ({"sms": "Dear {first"}, "sms", "A brace stands alone."),
        ({"sms": "Reply {stop}"}, "sms", "{stop} is not known in a message of this kind."),
        ({"sms": "Your Botox visit"}, "sms", "“Botox” names a treatment, a product or a health fact."),
        ({"subject": "Your BOTULINUM visit"}, "subject", "“botulinum” names a treatment"),
        ({"email": "Time for your frown lines, {first}"}, "email", "“Frown lines” names a treatment"),
        ({"email": "Chronic migraine"}, "email", "“Chronic migraine” names a treatment"),
        ({"sms": "Your migraine visit"}, "sms", "“migraine” names a treatment"),
        ({"sms": "OnabotulinumtoxinA is due"}, "sms", "“onabotulinumtoxina” names a treatment"),
        ({"email": "Book your injections, {first}"}, "email", "“injections” names a treatment"),
        ({"subject": "After your pregnancy"}, "subject", "“pregnancy” names a treatment"),
        ({"email": ""}, "email", "An e-mail needs a subject and words."),
        ({"subject": ""}, "subject", "An e-mail needs a subject and words."),
        ({"sms": " "}, "sms", "Text messages go out with these words: keep some."),
        ({"subject": "", "email": ""}, "email", "E-mails go out with these words: keep some."),
        ({"sms": "a\u202eb"}, "sms", "Remove the hidden character"),
    ],
)
def test_what_cannot_be_sent_is_said_at_its_box(door, row, fields, field, sentence):
    found = said(save(door, row, **fields))

    assert set(found) == {field}
    assert sentence in found[field][0]
    assert MessageText.objects.get(pk=row.pk).version == 1


def test_a_reminder_by_email_can_always_be_stopped(door):
    row = MessageText.objects.get(code="due")

    assert "{stop}" in said(save(door, row, email="Come back, {first}: {link}"))["email"][0]


def test_a_reminder_keeps_the_words_of_the_ways_that_its_steps_go(door):
    row = MessageText.objects.get(code="due")

    assert set(said(save(door, row, sms="", subject="", email=""))) == {"sms", "email"}

    ContactStep.objects.filter(text=row).update(channels=["email"])
    assert save(door, row, sms="").status_code == 302
    ContactStep.objects.filter(text=row).update(is_active=False)
    assert save(door, row, sms="", subject="", email="").status_code == 302


def test_every_delivered_text_passes_the_same_check():
    for row in MessageText.objects.all():
        assert message_texts.problems(row.code, typed(row)) == {}, row.code


def test_everyday_words_are_no_treatments():
    for words in ("your visit", "Harbour Skin Clinic", "the line is busy", "call the front desk"):
        assert message_texts.named(words) == "", words


def test_who_saw_an_older_version_changes_nothing(row):
    with pytest.raises(Stale):
        message_texts.amend(row, changes={"sms": "x"}, by="ito", at=factories.NOW, version=7)


def test_a_change_made_meanwhile_is_named(door, row):
    there = url("messagetext", "change", row.pk)
    seen = door.get(there).context["adminform"].form["seen"].value()
    MessageText.objects.filter(pk=row.pk).update(sms="Somebody else's words")

    found = said(door.post(there, typed(row, sms="My words", seen=seen)))

    assert "Somebody else's words" in found["sms"][0]
    assert json.loads(seen)["sms"] == row.sms


# ---- preview and test ----


def preview(door, row: MessageText, **fields: str):
    return door.post(url("messagetext", "preview", row.pk), typed(row, **fields), headers={"HX-Request": "true"})


def test_the_page_shows_the_words_as_a_patient_reads_them(door, row):
    ClinicSettings.objects.create(telephone="+442079460123")
    factories.practitioner(name="R. Osei")

    page = door.get(url("messagetext", "change", row.pk)).content.decode()

    assert "Booked: Harbour Skin Clinic, Wed 25 November, 5:30pm, with R. Osei." in page
    assert "020 7946 0123" in page
    assert "2 parts</strong>" in page or "1 part</strong>" in page


def test_the_preview_follows_what_is_typed_and_saves_nothing(door, row):
    answer = preview(door, row, sms="Zoë “hello” {first}").content.decode()

    assert "Zoë “hello” Charlotte" in answer
    assert "<strong>1 part</strong>, 21 characters" in answer
    assert "ë “ ”" in answer
    assert "<html" not in answer
    row.refresh_from_db()
    assert row.version == 1


def test_the_preview_says_what_is_wrong(door, row):
    answer = preview(door, row, sms="Your Dysport, {frist}").content.decode()

    assert "{frist} is not a field" in answer


def test_without_script_the_preview_is_a_page(door, row):
    page = door.post(url("messagetext", "preview", row.pk), typed(row)).content.decode()

    assert "<html" in page
    assert "Nothing is saved yet" in page


def test_a_test_goes_to_oneself(door, row, manager, post):
    manager.email = "ito@example.org"
    manager.save()

    page = door.post(url("messagetext", "test", row.pk), typed(row, subject="Hello {first}", to_email="1"))

    (letter,) = post.sent
    assert (letter.to, letter.subject) == ("ito@example.org", "Hello Charlotte")
    assert "A test was sent to ito@example.org" in page.content.decode()
    assert AuditEvent.objects.get(verb="text.tried").details == {"way": "email"}


def test_a_test_goes_to_a_telephone(door, row, post):
    door.post(url("messagetext", "test", row.pk), typed(row, to_phone="1", phone="07700 900123"))

    assert [letter.to for letter in post.sent] == ["+447700900123"]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"to_email": "1"}, "You have no e-mail address here."),
        ({"to_phone": "1", "phone": "12"}, "Enter a mobile number."),
        ({"to_phone": "1", "phone": "07700 900123", "sms": "Botox"}, "names a treatment, a product or a health fact"),
    ],
)
def test_a_test_that_cannot_be_sent_says_why(door, row, post, fields, sentence):
    page = door.post(url("messagetext", "test", row.pk), typed(row, **fields)).content.decode()

    assert "No test was sent." in page
    assert sentence in page
    assert post.sent == []


def test_a_provider_that_refuses_is_said(door, row, post, monkeypatch):
    def refuse(_outgoing):
        raise Unavailable("The provider cannot be reached.")

    monkeypatch.setattr(post, "send", refuse)

    page = door.post(url("messagetext", "test", row.pk), typed(row, to_phone="1", phone="07700 900123"))

    assert "The provider cannot be reached." in page.content.decode()


def test_rights(client, row, post):
    client.force_login(factories.staff("auditor", is_staff=True))
    assert client.get(url("messagetext", "change", row.pk)).status_code == 200
    for page in ("change", "preview", "test"):
        assert client.post(url("messagetext", page, row.pk), typed(row, to_email="1")).status_code == 403
    client.force_login(factories.staff("reception"))
    assert client.get(url("messagetext", "change", row.pk)).status_code in (302, 403)


def test_texts_are_neither_added_nor_deleted(door, row):
    assert door.get("/admin/treatments/messagetext/add/").status_code == 403
    assert door.get(f"/admin/treatments/messagetext/{row.pk}/delete/").status_code == 403
    assert door.get("/admin/treatments/messagetext/").status_code == 200
