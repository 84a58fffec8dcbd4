"""The morning e-mail: who has it, what stands in it, and that nobody has it twice."""

from __future__ import annotations

from datetime import date, timedelta
from io import StringIO
from pathlib import Path
from threading import Thread

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from clinic.channels import registry
from clinic.channels.base import Rejected, Unavailable, Unknown
from tests import factories
from tests.factories import NOW, TODAY
from treatments.models import DigestMail, Message
from treatments.queries import due_counts
from treatments.queries.digest import Morning, morning
from treatments.rules.vocabulary import Reply, Way, Wish
from treatments.services import digest, replies

pytestmark = pytest.mark.django_db


class Post:
    """A channel that keeps what it is given, or refuses with `trouble`."""

    ways = ("email",)

    def __init__(self) -> None:
        self.sent: list = []
        self.trouble: Exception | None = None

    def send(self, outgoing) -> str:
        if self.trouble:
            raise self.trouble
        self.sent.append(outgoing)
        return "ref"


@pytest.fixture
def post(monkeypatch) -> Post:
    made = Post()
    monkeypatch.setattr(registry, "ways", lambda: ("email",))
    monkeypatch.setattr(registry, "channel", lambda _way: made)
    return made


@pytest.fixture
def maya():
    return factories.staff("reception", username="maya", email="maya@example.org", wants_digest=True)


def command(*args: str) -> str:
    out = StringIO()
    call_command("send_digest", *args, stdout=out)
    return out.getvalue()


def busy() -> None:
    """Something of everything."""
    person = factories.patient(family_name="Marsh", given_name="Alina", phone="07700 900123")
    factories.treated(person, TODAY - timedelta(days=100))
    late = factories.patient(family_name="Quinn", given_name="Ruth")
    factories.treated(late, TODAY - timedelta(days=200))
    visits = [factories.visit(factories.patient()) for _i in range(4)]
    factories.flag(visits[0].patient)
    replies.reply(visits[1], Reply.NOT_COMING, by="x", at=NOW, way=Way.LINK)
    replies.reply(visits[2], Reply.ANOTHER_TIME, by="x", at=NOW, way=Way.LINK)
    replies.ask(person, Wish.CALL, at=NOW, way=Way.LINK)
    for n, state in enumerate(("failed", "uncertain", "uncertain")):
        Message.objects.create(
            key=str(n), kind="booked", patient=person, text_code="booked", state=state, made_by="maya", made_at=NOW,
            not_before_at=NOW,
        )  # fmt: skip


def test_the_counts_of_a_morning():
    busy()

    assert morning(TODAY) == Morning(
        visits=0, on_hold=1, due=1, overdue=1, failed=1, uncertain=2, cannot_come=1, another_time=1, asked=3
    )
    assert morning(date(2026, 12, 1)).visits == 4


def test_a_morning_costs_the_same_queries_whatever_the_number(django_assert_num_queries):
    with django_assert_num_queries(5):
        morning(TODAY)
    busy()
    with django_assert_num_queries(5):
        morning(TODAY)


def test_who_wants_it_gets_counts_and_links_and_no_name(post, maya):
    busy()

    assert command("--on", "2026-11-22") == "sent: 1\n"

    (letter,) = post.sent
    assert (letter.to, letter.subject) == ("maya@example.org", "Harbour Skin Clinic: Sunday 22-Nov-2026")
    assert "Visits on hold, to be decided: 1\n" in letter.text
    assert "Today: http://127.0.0.1:8000/today/" in letter.text
    for name in ("Marsh", "Alina", "Quinn", "900123", "MARSH"):
        assert name not in letter.text + letter.subject


def test_more_than_are_counted_are_said_to_be_more(post, maya, monkeypatch):
    monkeypatch.setattr(due_counts, "counts", lambda *_of: {"now": 1001, "overdue": 1000})

    command()

    (letter,) = post.sent
    assert "Due and not booked: more than 1,000\nOverdue and not booked: 1000\n" in letter.text


def test_nobody_else_gets_it(post, maya):
    factories.staff("reception", email="lin@example.org")
    factories.staff("reception", email="gone@example.org", wants_digest=True, is_active=False)
    factories.staff("manager", wants_digest=True)

    assert command() == "sent: 1\nno address: 1\n"


def test_nobody_wants_it(post):
    assert command() == "Nobody wants it.\n"


def test_started_twice_each_has_it_once(post, maya):
    command("--on", "2026-11-22")

    assert command("--on", "2026-11-22") == "had it before: 1\n"
    assert len(post.sent) == 1
    assert command("--on", "2026-11-23") == "sent: 1\n"


@pytest.mark.django_db(transaction=True)
def test_started_by_four_at_once_each_has_it_once(post):
    factories.load_catalogue()
    for n in range(5):
        factories.staff("reception", email=f"person{n}@example.org", wants_digest=True)

    def start() -> None:
        try:
            digest.send(on=TODAY, at=NOW)
        finally:
            connection.close()

    workers = [Thread(target=start) for _i in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert sorted(letter.to for letter in post.sent) == [f"person{n}@example.org" for n in range(5)]


def test_a_mail_server_that_is_away_is_tried_again(post, maya):
    post.trouble = Unavailable("away")
    with pytest.raises(CommandError, match="1 could not be sent"):
        command("--on", "2026-11-22")

    post.trouble = None
    assert command("--on", "2026-11-22") == "sent: 1\n"


@pytest.mark.parametrize("trouble", [Rejected("no such box"), Unknown("lost"), RuntimeError("broken")])
def test_what_may_have_arrived_or_never_will_is_not_sent_again(post, maya, trouble):
    post.trouble = trouble
    with pytest.raises(CommandError):
        command("--on", "2026-11-22")

    post.trouble = None
    assert command("--on", "2026-11-22") == "had it before: 1\n"
    row = DigestMail.objects.get()
    assert (row.sent_at, bool(row.why_not)) == (None, True)


def test_one_that_was_begun_and_never_finished_is_shown_and_sent_again_when_asked_for(post, maya):
    begun = DigestMail.objects.create(user="maya", on=TODAY, claimed_at=timezone.now() - timedelta(minutes=59))
    assert command("--on", "2026-11-22", "--again") == "had it before: 1\n"

    DigestMail.objects.filter(pk=begun.pk).update(claimed_at=timezone.now() - timedelta(hours=1))
    with pytest.raises(CommandError, match="1 may have arrived or not: ask, then send them once more with --again"):
        command("--on", "2026-11-22")
    assert post.sent == []

    assert command("--on", "2026-11-22", "--again") == "sent: 1\n"
    assert command("--on", "2026-11-22", "--again") == "had it before: 1\n"
    assert len(post.sent) == 1


def test_one_failing_address_does_not_end_the_others(post, maya, monkeypatch):
    factories.staff("reception", username="lin", email="lin@example.org", wants_digest=True)
    send = post.send

    def picky(outgoing):
        if outgoing.to.startswith("lin"):
            raise Rejected("no such box")
        return send(outgoing)

    monkeypatch.setattr(post, "send", picky)
    with pytest.raises(CommandError):
        command()

    assert [letter.to for letter in post.sent] == ["maya@example.org"]


def test_without_a_channel_it_says_so(monkeypatch, maya):
    monkeypatch.setattr(registry, "ways", lambda: ())

    with pytest.raises(CommandError, match="CLINIC_EMAIL"):
        command()


def test_by_the_file_channel(maya, settings, tmp_path: Path):
    settings.CHANNEL_FOLDER = tmp_path
    settings.CHANNELS = {"sms": "off", "email": "file"}

    assert command("--on", "2026-11-22") == "sent: 1\n"

    assert "Visits today: 0" in "".join(path.read_text() for path in tmp_path.rglob("*") if path.is_file())
