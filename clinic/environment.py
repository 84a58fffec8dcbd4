"""Reading settings from the environment, with a sentence for every mistake."""

import os
import secrets
import zoneinfo
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from clinic import public_holidays

PREFIX = "CLINIC_"
known_variables: set[str] = set()


def nearest(word: str, options: Iterable[str]) -> str:
    """The hint that ends an error message: the option that was probably meant, or all of them."""
    options = sorted(options)
    match = get_close_matches(word, options, n=1, cutoff=0.6)
    return f"Did you mean {match[0]}?" if match else f"Known are: {', '.join(options)}."


def text(name: str, default: str | None = None) -> str:
    """The variable's value; without a default it has to be set. Set but empty is a mistake, not a default."""
    known_variables.add(name)
    value = os.environ.get(name, default)
    if value is None:
        raise ImproperlyConfigured(f"{name} is not set. It has no default when CLINIC_ENV is production.")
    if not value.strip():
        raise ImproperlyConfigured(f"{name} is set but empty. Give it a value or remove it.")
    return value.strip()


def maybe(name: str) -> str:
    """The variable's value, or "" where it is not set."""
    known_variables.add(name)
    return text(name) if name in os.environ else ""


def needed_for(what: str, **variables: str) -> None:
    """What was chosen works only with these variables."""
    for name, value in variables.items():
        if not value:
            raise ImproperlyConfigured(f"{name} is not set. {what} needs it.")


def web_address(name: str, value: str) -> None:
    """Refuse what is no http or https address with a host."""
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ImproperlyConfigured(
            f"{name} is {value!r}; it has to be an address like https://provider.example/messages."
        )


def channel(name: str, default: str, folder: Path) -> str:
    """Off, or the name of a file in the folder of channels."""
    shared = {"__init__", "base", "letters", "registry"}
    return choice(name, default, ["off", *(path.stem for path in folder.glob("*.py") if path.stem not in shared)])


def choice(name: str, default: str, options: Iterable[str]) -> str:
    """One of the options, letter for letter."""
    value = text(name, default)
    if value not in options:
        raise ImproperlyConfigured(f"{name} is {value!r}, which is not one of its values. {nearest(value, options)}")
    return value


def flag(name: str, *, default: bool) -> bool:
    """Yes or no, also written 1, true, on, 0, false, off."""
    values = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    return values[choice(name, str(default).lower(), values)]


def whole(name: str, default: int, *, at_least: int) -> int:
    """A whole number."""
    value = text(name, str(default))
    if not (value.isascii() and value.isdigit() and int(value) >= at_least):
        raise ImproperlyConfigured(f"{name} is {value!r}; it has to be a whole number of at least {at_least}.")
    return int(value)


def words(name: str, default: list[str] | None = None) -> list[str]:
    """A list written with commas; without a default it has to be set."""
    if default is not None and name not in os.environ:
        known_variables.add(name)
        return default
    return [word.strip() for word in text(name).split(",") if word.strip()]


def time_zone(name: str, default: str) -> str:
    """The name of a time zone that this machine knows."""
    value = text(name, default)
    try:
        zoneinfo.ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        match = get_close_matches(value, zoneinfo.available_timezones(), n=1)
        hint = f"Did you mean {match[0]}?" if match else "Write one like Europe/London."
        raise ImproperlyConfigured(f"{name} is {value!r}, which is not a time zone. {hint}") from None
    return value


def holiday_region(name: str, default: str) -> str:
    """A country whose public holidays are known, or a part of one: GB, GB-ENG."""
    value = text(name, default)
    if value != default and not public_holidays.known(value):
        regions = public_holidays.regions()
        country = value.partition("-")[0]
        if parts := regions.get(country):
            hint = nearest(value, [country, *(f"{country}-{part}" for part in parts)])
        else:
            hint = "Write a country's two letters, like GB, or with its part, like GB-ENG."
        raise ImproperlyConfigured(f"{name} is {value!r}, whose public holidays are not known. {hint}")
    return value


def secret_key(name: str, file: Path | None) -> str:
    """The key that signs sessions: from the environment or, where a file is given, made once and kept there."""
    key = text(name) if file is None or name in os.environ else kept_key(file)
    if len(key) < 50:
        where = name if name in os.environ or file is None else f"The key in {file}"
        raise ImproperlyConfigured(f"{where} is too short: it takes at least 50 random characters.")
    return key


def kept_key(file: Path) -> str:
    """The key in the file, made now where there is none."""
    if not file.exists():
        draft = file.with_name(f"{file.name}.{os.getpid()}")
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
            out.write(secrets.token_urlsafe(64))
        try:
            os.link(draft, file)  # two processes that start at once agree on one key
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return file.read_text().strip()


def sqlite(path: str, base: Path) -> dict[str, Any]:
    """A database file; a relative path starts at `base`."""
    name = base / path
    if not path or path.endswith("/") or path == ":memory:" or "?" in path:
        raise ImproperlyConfigured(
            "DATABASE_URL has to name a file: sqlite:///db.sqlite3 or sqlite:////srv/clinic.sqlite3"
        )
    if not name.parent.is_dir():
        raise ImproperlyConfigured(f"DATABASE_URL names a file in {name.parent}, and there is no such folder. Make it.")
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": name,
        "CONN_MAX_AGE": 60,
        "OPTIONS": {
            "timeout": 20,
            # A transaction that reads and then writes would otherwise fail at once when another one writes.
            "transaction_mode": "IMMEDIATE",
            # FULL: with WAL, anything less loses saved bookings in a power cut.
            # recursive_triggers: guards against deletion also see a REPLACE.
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA recursive_triggers=ON; "
            "PRAGMA cache_size=-20000; PRAGMA temp_store=MEMORY;",
        },
    }


def postgresql(url: str) -> dict[str, Any]:
    """A PostgreSQL address as Django wants it, its parameters as options."""
    import psycopg  # noqa: PLC0415  only where PostgreSQL is used: loading it takes a tenth of a second

    try:
        parts = psycopg.conninfo.conninfo_to_dict(url)
    except psycopg.ProgrammingError as error:
        # A message that quotes the address would put its password into the log.
        reason = "" if "://" in str(error) else f" ({str(error).strip()})"
        raise ImproperlyConfigured(
            f"DATABASE_URL is not a valid PostgreSQL address{reason}. Write postgresql://user:password@host:5432/name "
            "and percent-encode other signs than letters and digits in the password."
        ) from None
    if not parts.get("dbname"):
        raise ImproperlyConfigured("DATABASE_URL names no database: postgresql://user:password@host:5432/name")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "NAME": parts.pop("dbname"),
        "USER": parts.pop("user", ""),
        "PASSWORD": parts.pop("password", ""),
        "HOST": parts.pop("host", ""),
        "PORT": parts.pop("port", ""),
        "OPTIONS": parts,
    }


def database(name: str, default: str, base: Path) -> dict[str, Any]:
    """The database as Django wants it, from one address. A relative SQLite path starts at `base`."""
    url = text(name, default)
    scheme, separator, rest = url.partition("://")
    if separator and scheme in ("postgres", "postgresql"):
        return postgresql(url)
    if separator and scheme == "sqlite" and rest.startswith("/"):
        return sqlite(unquote(rest[1:]), base)
    raise ImproperlyConfigured(
        f"{name} has to start with sqlite:/// (a file) or postgresql:// (a server), "
        "like sqlite:///db.sqlite3 or postgresql://user:password@host:5432/name"
    )


def refuse_unknown() -> None:
    """Call it last: a CLINIC_ variable that nothing has asked for is a spelling mistake."""
    for name in os.environ:
        if name.startswith(PREFIX) and name not in known_variables:
            ours = [known for known in known_variables if known.startswith(PREFIX)]
            raise ImproperlyConfigured(f"{name} is set, but there is no such setting. {nearest(name, ours)}")
