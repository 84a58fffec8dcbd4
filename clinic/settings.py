"""All settings of the project. What differs between installations comes from the environment.

docs/operations/production.md lists the variables. A wrong or misspelt one stops the start with a sentence that helps.
"""

from pathlib import Path

import fontpkg_atkinson_hyperlegible
import phonenumbers
from bootstrap_wrapper import get_bootstrap_dir
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from clinic import environment

BASE_DIR = Path(__file__).resolve().parent.parent

# ---- this installation ----

CLINIC_ENV = environment.choice("CLINIC_ENV", "local", ["local", "production"])
PRODUCTION = CLINIC_ENV == "production"
DEBUG = environment.flag("CLINIC_DEBUG", default=False)
if PRODUCTION and DEBUG:
    raise ImproperlyConfigured(
        "CLINIC_DEBUG shows patient data on error pages. Remove it where CLINIC_ENV is production."
    )

CLINIC_NAME = environment.text("CLINIC_NAME", "Harbour Skin Clinic")
CLINIC_JURISDICTION = environment.choice("CLINIC_JURISDICTION", "UK", ["UK", "EU", "US"])
CLINIC_ANSWERS_VALID_DAYS = environment.whole("CLINIC_ANSWERS_VALID_DAYS", 90, at_least=1)
CLINIC_CONSENT_VALID_DAYS = environment.whole("CLINIC_CONSENT_VALID_DAYS", 365, at_least=1)
CLINIC_TIME_ZONE = environment.time_zone("CLINIC_TIME_ZONE", "Europe/London")
CLINIC_HOLIDAYS = environment.holiday_region("CLINIC_HOLIDAYS", "GB-ENG")
CLINIC_PHONE_REGION = environment.choice("CLINIC_PHONE_REGION", "GB", phonenumbers.SUPPORTED_REGIONS)

SECRET_KEY = environment.secret_key("SECRET_KEY", None if PRODUCTION else BASE_DIR / ".secret-key")
ALLOWED_HOSTS = environment.words("ALLOWED_HOSTS", None if PRODUCTION else ["localhost", "127.0.0.1", "[::1]"])
CLINIC_URL = environment.text("CLINIC_URL", f"https://{ALLOWED_HOSTS[0]}" if PRODUCTION else "http://127.0.0.1:8000")
CSRF_TRUSTED_ORIGINS = environment.words("CSRF_TRUSTED_ORIGINS", [])
BEHIND_PROXY = environment.flag("CLINIC_BEHIND_PROXY", default=False)
STATIC_FOLDER = environment.text("CLINIC_STATIC_ROOT", "staticfiles")
DATABASES = {"default": environment.database("DATABASE_URL", "sqlite:///db.sqlite3", BASE_DIR)}

# ---- messages to patients ----

_CHANNEL_FILES = BASE_DIR / "clinic" / "channels"
CHANNELS = {  # by which file of clinic/channels each way is served
    "sms": environment.channel("CLINIC_SMS", "off" if PRODUCTION else "file", _CHANNEL_FILES),
    "email": environment.channel("CLINIC_EMAIL", "off" if PRODUCTION else "file", _CHANNEL_FILES),
}
CHANNEL_TIMEOUT: float = environment.whole("CLINIC_CHANNEL_TIMEOUT", 10, at_least=1)
CHANNEL_FOLDER = BASE_DIR / environment.text("CLINIC_OUTBOX", "outbox")
CLINIC_SMS_URL = environment.maybe("CLINIC_SMS_URL")
CLINIC_SMS_TOKEN = environment.maybe("CLINIC_SMS_TOKEN")
CLINIC_SMS_SECRET = environment.maybe("CLINIC_SMS_SECRET")
CLINIC_SMS_TYPE = environment.text("CLINIC_SMS_TYPE", "application/json")
CLINIC_SMS_BODY = environment.text("CLINIC_SMS_BODY", '{"to": "{to}", "text": "{text}", "reference": "{id}"}')
CLINIC_SMS_REF = environment.text("CLINIC_SMS_REF", "id")
if CHANNELS["sms"] == "http":
    environment.needed_for("CLINIC_SMS=http", CLINIC_SMS_URL=CLINIC_SMS_URL)
    environment.web_address("CLINIC_SMS_URL", CLINIC_SMS_URL)
EMAIL_HOST = environment.text("CLINIC_SMTP_HOST", "localhost")
EMAIL_PORT = environment.whole("CLINIC_SMTP_PORT", 25, at_least=1)
EMAIL_HOST_USER = environment.maybe("CLINIC_SMTP_USER")
EMAIL_HOST_PASSWORD = environment.maybe("CLINIC_SMTP_PASSWORD")
_SMTP_SECURITY = environment.choice("CLINIC_SMTP_SECURITY", "none", ["none", "starttls", "tls"])
EMAIL_USE_TLS, EMAIL_USE_SSL = _SMTP_SECURITY == "starttls", _SMTP_SECURITY == "tls"
EMAIL_TIMEOUT = CHANNEL_TIMEOUT
DEFAULT_FROM_EMAIL = environment.maybe("CLINIC_EMAIL_FROM") or f"{CLINIC_NAME} <noreply@{ALLOWED_HOSTS[0]}>"
CLINIC_EMAIL_REPLY_TO = environment.maybe("CLINIC_EMAIL_REPLY_TO")
if CHANNELS["email"] == "smtp":
    environment.needed_for("CLINIC_EMAIL=smtp", CLINIC_EMAIL_FROM=environment.maybe("CLINIC_EMAIL_FROM"))
# What staff themselves get (a test message, the morning's counts) goes where patients' e-mail goes.
EMAIL_BACKEND = {
    "smtp": "django.core.mail.backends.smtp.EmailBackend",
    "console": "django.core.mail.backends.console.EmailBackend",
    "file": "django.core.mail.backends.filebased.EmailBackend",
}.get(CHANNELS["email"], "django.core.mail.backends.dummy.EmailBackend")
EMAIL_FILE_PATH = CHANNEL_FOLDER

environment.refuse_unknown()

# ---- the application ----

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "crispy_forms",
    "crispy_bootstrap5",
    "django_htmx",
    "lucide",
    "csp",
    "clinic",
    "treatments",
]
MIDDLEWARE = [
    "clinic.middleware.HeadMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",  # closed unless a view says otherwise
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "clinic.middleware.ReadOnlyMiddleware",
    "treatments.views.sent_on.SentOnMiddleware",
]
ROOT_URLCONF = "clinic.urls"
WSGI_APPLICATION = "clinic.wsgi.application"
TEMPLATE_LOADERS = ["django.template.loaders.filesystem.Loader", "django.template.loaders.app_directories.Loader"]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [("clinic.folding.Loader", TEMPLATE_LOADERS)],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "clinic.context.clinic",
            ],
        },
    },
]
CRISPY_ALLOWED_TEMPLATE_PACKS = CRISPY_TEMPLATE_PACK = "bootstrap5"
CRISPY_FAIL_SILENTLY = False
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASE_GUARDS = "treatments.guards"  # what the database itself refuses

# ---- language, time, numbers ----

LANGUAGE_CODE = "en-gb"
LANGUAGES = [("en-gb", "English")]
LOCALE_PATHS = [BASE_DIR / "clinic" / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = CLINIC_TIME_ZONE

# ---- people ----

AUTH_USER_MODEL = "clinic.User"
LOGIN_URL = "sign_in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "sign_in"
AUTHENTICATION_BACKENDS = ["clinic.backends.RoleBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
SESSION_COOKIE_AGE = 12 * 60 * 60  # a working day
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True  # htmx gets the token from the page
CSRF_COOKIE_SAMESITE = "Lax"

# ---- the browser ----

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],  # Bootstrap draws its check marks and arrows from data: addresses
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
STATIC_URL = "static/"
STATICFILES_DIRS = [
    ("vendor/bootstrap", get_bootstrap_dir()),
    ("vendor/font", Path(fontpkg_atkinson_hyperlegible.__file__).parent / "files"),
]
STATICFILES_STORAGE = "django.contrib.staticfiles.storage.StaticFilesStorage"
if PRODUCTION:
    STATIC_ROOT = BASE_DIR / STATIC_FOLDER
    STATICFILES_STORAGE = "whitenoise.storage.CompressedManifestStaticFilesStorage"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": STATICFILES_STORAGE},
}
WHITENOISE_USE_FINDERS = not PRODUCTION  # locally straight from the packages: no collectstatic
WHITENOISE_MIMETYPES = {".ttf": "font/ttf"}
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = ("jpg", "jpeg", "png", "gif", "webp", "zip", "gz", "woff", "woff2", "map")

if PRODUCTION:
    SECURE_SSL_REDIRECT = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60
    # The clinic's other subdomains and the browsers' preload list are not ours to decide on.
    SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# ---- logging: to stderr, and in production nothing that a patient's record may have put into an error message ----

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "local": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"},
        "production": {
            "()": "clinic.logs.DiscreetFormatter",
            "format": "{asctime} {levelname} {name}: {message}",
            "style": "{",
        },
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": CLINIC_ENV}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        "fontTools": {"level": "WARNING"},  # tells of every table of a typeface in every PDF
    },
}
