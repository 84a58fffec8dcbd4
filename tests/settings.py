"""The settings of the tests: the product's own, whatever the environment says, with a fast password hasher.

TEST_DATABASE=postgres runs the suite on a throwaway PostgreSQL, which tests/conftest.py starts.
"""

import os
import tempfile
from pathlib import Path

for name in [*os.environ]:
    if name.startswith("CLINIC_") or name in ("DATABASE_URL", "ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS"):
        del os.environ[name]
os.environ["SECRET_KEY"] = "only for the tests, where nobody has anything to hide"

from clinic.settings import *  # noqa: E402, F403
from clinic.settings import DATABASES, MIDDLEWARE  # noqa: E402

TEST_DATABASE = os.environ.get("TEST_DATABASE", "sqlite")
if TEST_DATABASE == "postgres":
    DATABASES["default"] = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "postgres",
        "USER": "postgres",
        "HOST": os.environ.get("TEST_POSTGRES_FOLDER", ""),  # set by tests/conftest.py
    }
elif TEST_DATABASE == "sqlite":
    # A file: the live server's threads could not share a database in memory. Named by process: two runs never meet.
    DATABASES["default"]["TEST"] = {"NAME": Path(tempfile.gettempdir()) / f"clinic-test-{os.getpid()}.sqlite3"}
    DATABASES["default"]["OPTIONS"]["init_command"] += "PRAGMA synchronous=OFF;"
    SQLITE_MAY_LOSE_WRITES = True  # the product's own settings refuse to start with less than FULL
else:
    raise ValueError(f"TEST_DATABASE is {TEST_DATABASE!r}; it can be sqlite or postgres.")
DATABASES["default"]["CONN_MAX_AGE"] = 0  # the live server's threads end with their connections closed

MIDDLEWARE.remove("whitenoise.middleware.WhiteNoiseMiddleware")  # the live server has static files of its own
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
CHANNEL_FOLDER = Path(tempfile.gettempdir()) / f"clinic-test-outbox-{os.getpid()}"
