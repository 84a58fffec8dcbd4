"""The settings are read anew under an environment of the test's own; a wrong one has to stop the start in words."""

import os
import runpy
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from clinic import environment

ROOT = Path(__file__).resolve().parents[2]
KEY = "k" * 50
PRODUCTION = {"CLINIC_ENV": "production", "SECRET_KEY": KEY, "ALLOWED_HOSTS": "clinic.example.org"}


@pytest.fixture
def load(monkeypatch):
    def load_under(**variables: str) -> dict[str, Any]:
        for name in [*os.environ]:
            if name.startswith("CLINIC_") or name in ("DATABASE_URL", "SECRET_KEY", "ALLOWED_HOSTS"):
                monkeypatch.delenv(name)
        monkeypatch.setenv("SECRET_KEY", KEY)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return runpy.run_path(str(ROOT / "clinic" / "settings.py"))

    return load_under


def test_a_local_installation_needs_no_variable(load):
    settings = load()

    assert settings["DATABASES"]["default"]["NAME"] == ROOT / "db.sqlite3"
    assert settings["DEBUG"] is False
    assert settings["ALLOWED_HOSTS"] == ["localhost", "127.0.0.1", "[::1]"]
    assert (settings["TIME_ZONE"], settings["CLINIC_JURISDICTION"]) == ("Europe/London", "UK")
    assert settings["CLINIC_HOLIDAYS"] == "GB-ENG"


@pytest.mark.parametrize("region", ["GB", "DE-BY", "US", "CH-Stadt Zurich"])
def test_public_holidays_of_a_country_or_of_its_part(load, region):
    assert load(CLINIC_HOLIDAYS=region)["CLINIC_HOLIDAYS"] == region


def test_production_is_served_over_tls_only(load):
    settings = load(
        **PRODUCTION, CLINIC_BEHIND_PROXY="yes", CSRF_TRUSTED_ORIGINS="https://a.example.org, https://b.example.org"
    )

    assert [settings[name] for name in ("SECURE_SSL_REDIRECT", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE")] == [
        True
    ] * 3
    assert settings["SECURE_HSTS_SECONDS"] == 31_536_000
    assert settings["SECURE_PROXY_SSL_HEADER"] == ("HTTP_X_FORWARDED_PROTO", "https")
    assert settings["CSRF_TRUSTED_ORIGINS"] == ["https://a.example.org", "https://b.example.org"]
    assert settings["STORAGES"]["staticfiles"]["BACKEND"].startswith("whitenoise.")


@pytest.mark.parametrize("name", ["SECRET_KEY", "ALLOWED_HOSTS"])
def test_production_does_not_start_without(load, monkeypatch, name):
    load(**PRODUCTION)
    monkeypatch.delenv(name)

    with pytest.raises(ImproperlyConfigured, match=f"^{name} is not set"):
        runpy.run_path(str(ROOT / "clinic" / "settings.py"))


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        (
            {"CLINIC_ENV": "productoin"},
            "CLINIC_ENV is 'productoin', which is not one of its values. Did you mean production?",
        ),
        ({"CLINIC_TIMEZONE": "UTC"}, "no such setting. Did you mean CLINIC_TIME_ZONE?"),
        ({"CLINIC_TIME_ZONE": "Europe/Londno"}, "not a time zone. Did you mean Europe/London?"),
        ({"CLINIC_TIME_ZONE": "../etc/passwd"}, "not a time zone"),
        ({"CLINIC_JURISDICTION": "Mars"}, "Known are: EU, UK, US."),
        ({"CLINIC_PHONE_REGION": "XX"}, "CLINIC_PHONE_REGION is 'XX'"),
        ({"CLINIC_HOLIDAYS": "GB-EGN"}, "public holidays are not known. Did you mean GB-ENG?"),
        ({"CLINIC_HOLIDAYS": "GB-"}, "Did you mean GB?"),
        ({"CLINIC_HOLIDAYS": "England"}, "Write a country's two letters, like GB, or with its part, like GB-ENG."),
        ({"CLINIC_ANSWERS_VALID_DAYS": "0"}, "a whole number of at least 1"),
        ({"CLINIC_ANSWERS_VALID_DAYS": "²"}, "a whole number of at least 1"),
        ({"CLINIC_DEBUG": "perhaps"}, "CLINIC_DEBUG is 'perhaps'"),
        ({**PRODUCTION, "CLINIC_DEBUG": "yes"}, "CLINIC_DEBUG shows patient data"),
        ({**PRODUCTION, "SECRET_KEY": "short"}, "SECRET_KEY is too short"),
        ({"CLINIC_NAME": " "}, "CLINIC_NAME is set but empty"),
        ({"DATABASE_URL": ""}, "DATABASE_URL is set but empty"),
        ({"DATABASE_URL": "mysql://root@localhost/clinic"}, "has to start with sqlite:/// (a file) or postgresql://"),
        ({"DATABASE_URL": "sqlite://db.sqlite3"}, "has to start with sqlite:/// (a file)"),
        ({"DATABASE_URL": "db.sqlite3"}, "has to start with sqlite:/// (a file)"),
        ({"DATABASE_URL": "sqlite:///"}, "has to name a file"),
        ({"DATABASE_URL": "sqlite:///:memory:"}, "has to name a file"),
        ({"DATABASE_URL": "sqlite:////no/such/folder/a.sqlite3"}, "there is no such folder"),
        ({"DATABASE_URL": "postgres://u:p@host:5432"}, "names no database"),
        ({"DATABASE_URL": "postgres://u:p@host/db?slmode=require"}, 'invalid URI query parameter: "slmode"'),
    ],
)
def test_a_wrong_variable_stops_the_start_and_says_why(load, variables, sentence):
    with pytest.raises(ImproperlyConfigured) as refusal:
        load(**variables)

    assert sentence in str(refusal.value)


def test_a_broken_address_does_not_show_its_password(load):
    with pytest.raises(ImproperlyConfigured) as refusal:
        load(DATABASE_URL="postgres://user:topsecret@[host/db")

    assert "topsecret" not in str(refusal.value)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("sqlite:///clinic.sqlite3", ROOT / "clinic.sqlite3"),
        ("sqlite:////tmp/our%20clinic.db", Path("/tmp/our clinic.db")),
    ],
)
def test_sqlite_paths(load, path, name):
    database = load(DATABASE_URL=path)["DATABASES"]["default"]

    assert database["NAME"] == name
    assert database["OPTIONS"]["transaction_mode"] == "IMMEDIATE"


@pytest.mark.parametrize("scheme", ["postgres", "postgresql"])
def test_postgresql_addresses(load, scheme):
    database = load(DATABASE_URL=f"{scheme}://anna:p%40ss%2Fword@db.example.org:5433/clinic?sslmode=require")

    database = database["DATABASES"]["default"]
    assert database["ENGINE"] == "django.db.backends.postgresql"
    assert [database[part] for part in ("USER", "PASSWORD", "HOST", "PORT", "NAME")] == [
        "anna", "p@ss/word", "db.example.org", "5433", "clinic",
    ]  # fmt: skip
    assert database["OPTIONS"] == {"sslmode": "require"}


def test_postgresql_by_socket_folder(load):
    database = load(DATABASE_URL="postgresql:///clinic?host=/run/postgresql")["DATABASES"]["default"]

    assert (database["HOST"], database["NAME"], database["OPTIONS"]) == ("/run/postgresql", "clinic", {})


def test_the_local_key_is_made_once_and_readable_by_its_owner_only(monkeypatch, tmp_path):
    monkeypatch.delenv("SECRET_KEY")

    first = environment.secret_key("SECRET_KEY", tmp_path / "key")
    second = environment.secret_key("SECRET_KEY", tmp_path / "key")

    assert first == second
    assert len(first) >= 50
    assert [path.name for path in tmp_path.iterdir()] == ["key"]
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600


def test_every_variable_is_documented(load):
    load(**PRODUCTION)
    page = (ROOT / "docs" / "operations" / "production.md").read_text()

    assert "CLINIC_TIME_ZONE" in environment.known_variables
    assert [name for name in sorted(environment.known_variables) if f"| `{name}` |" not in page] == []


def test_nothing_is_sent_out_before_somebody_says_how(load):
    assert load()["CHANNELS"] == {"sms": "file", "email": "file"}
    assert load(**PRODUCTION)["CHANNELS"] == {"sms": "off", "email": "off"}


def test_a_provider_and_a_mail_server(load):
    settings = load(
        CLINIC_SMS="http", CLINIC_SMS_URL="https://provider.example/messages", CLINIC_EMAIL="smtp",
        CLINIC_EMAIL_FROM="Harbour <desk@example.org>", CLINIC_SMTP_SECURITY="starttls",
    )  # fmt: skip

    assert settings["CHANNELS"] == {"sms": "http", "email": "smtp"}
    assert (settings["EMAIL_USE_TLS"], settings["EMAIL_USE_SSL"]) == (True, False)
    assert settings["EMAIL_BACKEND"].endswith("smtp.EmailBackend")


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"CLINIC_SMS": "htpp"}, "Did you mean http?"),
        ({"CLINIC_SMS": "http"}, "CLINIC_SMS_URL is not set. CLINIC_SMS=http needs it."),
        ({"CLINIC_SMS": "http", "CLINIC_SMS_URL": "provider.example"}, "has to be an address like https://"),
        ({"CLINIC_EMAIL": "smtp"}, "CLINIC_EMAIL_FROM is not set. CLINIC_EMAIL=smtp needs it."),
        ({"CLINIC_SMTP_PASSWORD": ""}, "CLINIC_SMTP_PASSWORD is set but empty"),
    ],
)
def test_a_way_out_that_is_half_set_up(load, variables, sentence):
    with pytest.raises(ImproperlyConfigured, match=sentence):
        load(**variables)
