"""The smallest project around django-appointment, written out where the benchmark runs it. Nothing of it is ours to ship.

Its settings are the product's own where both have them: the same engine options, sessions and middleware.
"""

from __future__ import annotations

SETTINGS = '''
"""Settings for one run of a benchmark."""
import json
import os

SECRET_KEY = "only for a benchmark, on data that nobody has"
ALLOWED_HOSTS = ["localhost"]
INSTALLED_APPS = [
    "django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions",
    "django.contrib.messages", "django.contrib.staticfiles", "phonenumber_field", "appointment",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "urls"
TEMPLATES = [{
    "BACKEND": "django.template.backends.django.DjangoTemplates",
    "APP_DIRS": True,
    "OPTIONS": {"context_processors": [
        "django.template.context_processors.request",
        "django.contrib.auth.context_processors.auth",
        "django.contrib.messages.context_processors.messages",
    ]},
}]
DATABASES = {"default": json.loads(os.environ["PEER_DATABASE"])}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
STATIC_URL = "static/"
LANGUAGE_CODE = "en-gb"
USE_TZ = True
TIME_ZONE = os.environ["PEER_TIME_ZONE"]
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
EMAIL_HOST_USER = EMAIL_HOST_PASSWORD = "nobody"
'''

URLS = """
from django.urls import include, path

urlpatterns = [path("appointment/", include("appointment.urls"))]
"""

WSGI = """
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
application = get_wsgi_application()
"""

# Staff, hours and visits by its own models, in bulk. Prints what the benchmark has to know.
FILL = """
import json
import os
import sys
from datetime import date, datetime, time, timedelta

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
import django
django.setup()
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection
from django.test import Client
from appointment.models import Appointment, AppointmentRequest, Config, Service, StaffMember, WorkingHours

asked = json.loads(sys.argv[1])
on, n_visits = date.fromisoformat(asked["on"]), asked["visits"]
call_command("migrate", "auth", verbosity=0)
call_command("migrate", run_syncdb=True, verbosity=0)  # the package comes without migrations
User = get_user_model()
Config.objects.create(slot_duration=asked["minutes"], lead_time=time(8), finish_time=time(18), website_name="Peer")
service = Service.objects.create(name="Injection", duration=timedelta(minutes=asked["minutes"]), price=0)
manager = User.objects.create_superuser("manager", "manager@example.com", "x", first_name="Ada", last_name="Manager")
staff = []
for n in range(asked["staff"]):
    user = User.objects.create(username=f"staff{n}", email=f"staff{n}@example.com", first_name=f"Injector{n}", is_staff=True)
    staff.append(StaffMember.objects.create(user=user, slot_duration=asked["minutes"]))
    staff[-1].services_offered.add(service)
    WorkingHours.objects.bulk_create(
        WorkingHours(staff_member=staff[-1], day_of_week=day, start_time=time(8), end_time=time(18)) for day in range(7)
    )
clients = User.objects.bulk_create(
    User(username=f"client{n}", email=f"client{n}@example.com", first_name="Client", last_name=str(n))
    for n in range(max(100, n_visits // 5))
)
clients = list(User.objects.filter(username__startswith="client").order_by("pk"))
for first in range(0, n_visits, 5000):
    requests = []
    for n in range(first, min(first + 5000, n_visits)):
        day, place = divmod(n, asked["staff"] * asked["a_day"])
        slot, who = divmod(place, asked["staff"])
        starts = datetime.combine(on, time(8)) + timedelta(minutes=asked["minutes"] * slot)
        requests.append(AppointmentRequest(
            date=on + timedelta(days=day), start_time=starts.time(),
            end_time=(starts + timedelta(minutes=asked["minutes"])).time(),
            service=service, staff_member=staff[who], id_request=f"filled{n}",
        ))
    AppointmentRequest.objects.bulk_create(requests)
    made = AppointmentRequest.objects.filter(id_request__in=[each.id_request for each in requests])
    Appointment.objects.bulk_create(
        Appointment(client=clients[n % len(clients)], appointment_request=each, phone="+447700900123", amount_to_pay=0,
                    id_request=each.id_request)
        for n, each in enumerate(made)
    )
with connection.cursor() as cursor:
    cursor.execute("ANALYZE")


def session(user):
    client = Client()
    client.force_login(user)
    return client.cookies["sessionid"].value


print(json.dumps({
    "service": service.pk, "staff": [each.pk for each in staff], "manager": session(manager),
    "clients": [session(each) for each in clients[:asked["sessions"]]],
    "emails": [each.email for each in clients[:asked["sessions"]]],
}))
"""
