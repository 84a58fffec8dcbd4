import pytest
from django.contrib.auth.models import AnonymousUser

from clinic.context import clinic
from tests import factories

pytestmark = pytest.mark.django_db


def context(rf, user, path="/today/"):
    request = rf.get(path)
    request.user = user
    return clinic(request)


@pytest.mark.parametrize(
    ("role", "fields", "labels"),
    [
        ("reception", {}, ["Today", "Calendar", "Due", "Patients", "Confirmations", "Reminders", "Reports"]),
        ("injector", {}, ["Today", "Calendar", "Due", "Patients", "Confirmations", "Reports"]),
        (
            "manager",
            {"is_staff": True},
            ["Today", "Calendar", "Due", "Patients", "Confirmations", "Reminders", "Reports", "Admin"],
        ),
        (
            "auditor",
            {"is_staff": True},
            ["Today", "Calendar", "Due", "Patients", "Confirmations", "Reminders", "Reports", "Admin"],
        ),
    ],
)
def test_the_way_about_shows_what_the_role_may_open(rf, role, fields, labels):
    nav = context(rf, factories.staff(role, **fields))["nav"]

    assert [entry["label"] for entry in nav] == labels


def test_the_page_one_is_on_is_marked(rf):
    nav = context(rf, factories.staff("reception"), "/due/overdue/")["nav"]

    assert [entry["label"] for entry in nav if entry["current"]] == ["Due"]


def test_somebody_signed_out_sees_no_way_about(rf):
    shown = context(rf, AnonymousUser())

    assert (list(shown["nav"]), str(shown["role_label"]), shown["theme"]) == ([], "", "auto")


def test_a_request_without_a_person_gets_the_clinics_name(rf, settings):
    settings.CLINIC_NAME = "Quay Clinic"

    shown = clinic(rf.get("/"))

    assert (shown["clinic"]["name"], shown["theme"]) == ("Quay Clinic", "auto")


def test_role_and_colours_are_the_persons(rf):
    user = factories.staff("reception", theme="dark")
    user.groups.add(factories.Group.objects.get(name="auditor"))

    shown = context(rf, user)

    assert (str(shown["role_label"]), shown["theme"]) == ("Auditor, Reception", "dark")


def test_an_administrator_without_a_role_is_called_so(rf):
    user = factories.User.objects.create_superuser("root", password="correct horse battery")

    assert str(context(rf, user)["role_label"]) == "Administrator"


def test_rights_are_only_read_where_they_are_shown(rf, django_assert_num_queries):
    user = factories.User.objects.get(pk=factories.staff("manager").pk)

    with django_assert_num_queries(0):
        shown = context(rf, user)
    with django_assert_num_queries(1):
        assert (len(shown["nav"]), str(shown["role_label"])) == (7, "Manager")
