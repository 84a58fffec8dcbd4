import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection

from clinic.models import User
from clinic.views import not_allowed
from tests import factories

pytestmark = pytest.mark.django_db
WORDS = "correct horse battery"


@pytest.mark.parametrize("address", ["/", "/today/", "/patients/", "/due/", "/admin/clinic/room/", "/account/theme/"])
def test_every_page_is_closed_to_the_signed_out(client, address):
    assert client.get(address).headers["Location"] == f"/login/?next={address}"


def test_signing_in_opens_the_page_that_was_asked_for(client):
    factories.staff("reception", username="rosei")

    answer = client.post("/login/", {"username": "rosei", "password": WORDS, "next": "/patients/"})

    assert answer.headers["Location"] == "/patients/"
    assert int(client.session["_auth_user_id"]) == User.objects.get(username="rosei").pk


def test_signing_in_never_leads_to_another_site(client):
    factories.staff("reception", username="rosei")

    answer = client.post("/login/", {"username": "rosei", "password": WORDS, "next": "https://elsewhere.example.org/"})

    assert answer.headers["Location"] == "/"


@pytest.mark.parametrize(("name", "words"), [("rosei", "wrong"), ("nobody", WORDS), ("rosei", ""), ("a\x00b", WORDS)])
def test_a_wrong_name_or_password_is_said_and_the_name_kept(client, name, words):
    factories.staff("reception", username="rosei")

    answer = client.post("/login/", {"username": name, "password": words})

    assert answer.status_code == 200
    assert answer.context["form"].errors
    assert "_auth_user_id" not in client.session
    assert words == "" or words not in answer.content.decode()


def test_signing_out_takes_a_press_and_ends_the_session(client):
    client.force_login(factories.staff("reception"))

    assert client.get("/logout/").status_code == 405
    assert client.post("/logout/").headers["Location"] == "/login/"
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize(
    ("wanted", "kept", "referer", "back"),
    [
        ("dark", "dark", "http://testserver/patients/", "http://testserver/patients/"),
        ("light", "light", "https://elsewhere.example.org/", "/"),
        ("pink", "auto", "", "/"),
        ("", "auto", "", "/"),
    ],
)
def test_colours_are_kept_with_the_person(client, wanted, kept, referer, back):
    user = factories.staff("reception")
    client.force_login(user)

    answer = client.post("/account/theme/", {"theme": wanted}, headers={"referer": referer})

    user.refresh_from_db()
    assert (user.theme, answer.headers["Location"]) == (kept, back)


def test_colours_are_not_changed_by_following_a_link(client):
    client.force_login(factories.staff("reception"))

    assert client.get("/account/theme/?theme=dark").status_code == 405


def test_health_is_open_and_asks_the_database(client, django_assert_num_queries):
    with django_assert_num_queries(1):
        answer = client.get("/healthz")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_health_fails_where_the_database_does(client):
    def refuse(execute, sql, params, many, context):
        raise ConnectionError

    with connection.execute_wrapper(refuse), pytest.raises(ConnectionError):
        client.get("/healthz")


@pytest.mark.parametrize("reason", ["This page is for: manager, auditor.", ""])
def test_a_refusal_says_why(rf, reason):
    request = rf.get("/")
    request.user = factories.staff("reception")

    answer = not_allowed(request, PermissionDenied(reason))

    assert answer.status_code == 403
    assert reason in answer.content.decode()
    assert "You cannot open this page" in answer.content.decode()


def test_every_answer_carries_the_strict_policy(client):
    policy = client.get("/login/").headers["Content-Security-Policy"]

    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "style-src 'self'" in policy
    assert "unsafe" not in policy


def test_the_morning_email_is_switched_on_and_off(client):
    user = factories.staff("reception", email="maya@example.org")
    client.force_login(user)
    assert "Get the morning e-mail" in client.get("/today/").content.decode()

    page = client.post("/account/digest/", {"digest": "on"}, follow=True).content.decode()

    assert "to maya@example.org" in page
    assert "Stop the morning e-mail" in page
    user.refresh_from_db()
    assert user.wants_digest
    client.post("/account/digest/", {"digest": "off"})
    user.refresh_from_db()
    assert not user.wants_digest


def test_without_an_address_the_morning_email_says_whom_to_ask(client):
    client.force_login(factories.staff("reception"))

    assert "Ask a manager" in client.post("/account/digest/", {"digest": "on"}, follow=True).content.decode()


@pytest.mark.parametrize("data", [{}, {"digest": "maybe"}])
def test_the_morning_email_is_left_as_it_was(client, data):
    user = factories.staff("reception", wants_digest=True)
    client.force_login(user)

    client.post("/account/digest/", data)

    user.refresh_from_db()
    assert user.wants_digest
