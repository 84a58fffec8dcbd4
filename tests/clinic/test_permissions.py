import pytest
from django.contrib.auth.models import Group, Permission
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse

from clinic import permissions
from tests import factories

pytestmark = pytest.mark.django_db

# Who may do what, as the clinic would say it. R reception, I injector, M manager, A auditor.
TABLE = {
    "treatments.view_patient": "RIMA",
    "treatments.add_patient": "RIM",
    "treatments.change_patient": "RIM",
    "treatments.view_flag": "RIMA",
    "treatments.add_flag": "RIM",
    "treatments.change_flag": "I",
    "treatments.add_appointment": "RIM",
    "treatments.change_appointment": "RIM",
    "treatments.add_treatment": "I",
    "treatments.change_treatment": "I",
    "treatments.change_course": "IM",
    "treatments.change_contraindication": "M",
    "treatments.view_contraindication": "MA",
    "clinic.change_user": "M",
    "clinic.view_user": "M",
    "clinic.change_room": "M",
    "clinic.view_room": "MA",
    "clinic.view_auditevent": "MA",
    "clinic.change_auditevent": "",
    "clinic.add_auditevent": "",
}
NAMES = {"R": "reception", "I": "injector", "M": "manager", "A": "auditor"}


@pytest.mark.parametrize("permission", TABLE)
def test_each_role_may_what_the_table_says(permission):
    may = {role for role in permissions.ROLES if factories.staff(role).has_perm(permission)}

    assert may == {NAMES[letter] for letter in TABLE[permission]}


@pytest.mark.parametrize("role", permissions.ROLES)
def test_no_role_deletes_anything_but_the_hours_of_the_clinic(role):
    hours = {"clinic.delete_workinghours", "clinic.delete_hoursexception", "clinic.delete_closedday"}
    deletes = {name for name in permissions.ROLES[role] if ".delete_" in name}

    assert deletes == (hours if role == "manager" else set())


def test_an_auditor_only_reads():
    assert {name.split(".")[1].split("_")[0] for name in permissions.ROLES["auditor"]} == {"view"}


def test_every_role_has_a_label():
    assert set(permissions.ROLE_LABELS) == set(permissions.ROLES)


def test_making_roles_again_corrects_them_and_adds_nothing():
    manager = Group.objects.get(name="manager")
    manager.permissions.set(Permission.objects.filter(codename="delete_user"))

    permissions.make_roles()

    names = {f"{p.content_type.app_label}.{p.codename}" for p in manager.permissions.select_related("content_type")}
    assert names == set(permissions.ROLES["manager"])
    assert Group.objects.count() == len(permissions.ROLES)


@permissions.needs("treatments.add_treatment", "treatments.change_course")
def sign(request, word):
    return HttpResponse(word)


def test_a_view_opens_for_who_holds_every_right(rf):
    request = rf.get("/")
    request.user = factories.staff("injector")

    assert sign(request, "signed").content == b"signed"


@pytest.mark.parametrize("role", ["reception", "manager", "auditor"])
def test_a_view_stays_closed_for_who_lacks_one_and_says_for_whom_it_is(rf, role):
    request = rf.get("/")
    request.user = factories.staff(role)

    with pytest.raises(PermissionDenied, match=r"^This page is for: injector\.$"):
        sign(request, "signed")


def test_what_no_role_may_is_for_administrators(rf):
    request = rf.get("/")
    request.user = factories.staff("manager")

    with pytest.raises(PermissionDenied, match="administrators"):
        permissions.needs("clinic.delete_user")(sign)(request)


def test_somebody_who_has_left_may_nothing(rf):
    request = rf.get("/")
    request.user = factories.staff("injector", is_active=False)

    with pytest.raises(PermissionDenied):
        sign(request, "signed")
