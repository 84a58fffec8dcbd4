import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.models import AnonymousUser, Permission

from clinic.backends import RoleBackend, read_roles
from clinic.models import User
from clinic.permissions import ROLES
from tests import factories

pytestmark = pytest.mark.django_db


def test_rights_of_a_person_are_read_in_one_query(django_assert_num_queries):
    factories.staff("manager", username="rosei")
    user = User.objects.get(username="rosei")

    with django_assert_num_queries(1):
        allowed = [user.has_perm(name) for name in ROLES["manager"]]
        roles, _names = read_roles(user)

    assert allowed == [True] * len(ROLES["manager"])
    assert roles == ["manager"]


def test_two_roles_add_up():
    user = factories.staff("reception")
    user.groups.add(factories.Group.objects.get(name="auditor"))

    roles, names = read_roles(user)

    assert roles == ["auditor", "reception"]
    assert names == {*ROLES["reception"], *ROLES["auditor"]}


def test_a_right_given_to_a_person_alone_counts_for_nothing():
    user = factories.staff("reception")
    user.user_permissions.add(Permission.objects.get(codename="add_treatment"))

    assert not user.has_perm("treatments.add_treatment")


def test_who_has_no_role_has_no_right():
    user = User.objects.create_user("nobody", password="correct horse battery")

    assert read_roles(user) == ([], set())
    assert not user.has_perm("treatments.view_patient")


def test_no_rights_for_the_signed_out_the_departed_or_single_rows():
    backend, departed = RoleBackend(), factories.staff("manager", is_active=False)
    present = factories.staff("manager")

    assert backend.get_all_permissions(AnonymousUser()) == set()
    assert backend.get_all_permissions(departed) == set()
    assert backend.get_all_permissions(present, obj=present) == set()
    assert backend.get_all_permissions(present) == set(ROLES["manager"])


def test_signing_in_takes_the_password_and_an_account_that_is_open():
    factories.staff("reception", username="rosei")
    factories.staff("reception", username="gone", is_active=False)

    assert authenticate(username="rosei", password="correct horse battery") == User.objects.get(username="rosei")
    assert authenticate(username="rosei", password="wrong") is None
    assert authenticate(username="gone", password="correct horse battery") is None
