import pytest
import time_machine
from django.urls import reverse

from clinic.models import AuditEvent, Location, Practitioner, Room, User
from tests import factories

INDEX = "/admin/"
NEW = {
    "username": "rosei",
    "first_name": "Rose",
    "last_name": "Osei",
    "email": "rose@example.org",
    "password1": "a long pass phrase",
    "password2": "a long pass phrase",
}


@pytest.fixture(autouse=True)
def clock(db):
    with time_machine.travel(factories.NOW, tick=False):
        yield


@pytest.fixture
def manager():
    return factories.staff("manager", is_staff=True)


@pytest.fixture
def door(client, manager):
    client.force_login(manager)
    return client


def url(model: str, page: str, *args) -> str:
    return reverse(f"admin:clinic_{model}_{page}", args=args)


def role(name: str) -> int:
    return factories.Group.objects.get(name=name).pk


def person(user: User, **fields):
    """A member of staff as their form sends them back."""
    data = {name: getattr(user, name) for name in ("username", "first_name", "last_name", "email")}
    return data | {"groups": [group.pk for group in user.groups.all()], "is_active": "on"} | fields


# ---- the door ----


def test_there_is_one_sign_in_page(client):
    answer = client.get("/admin/clinic/room/", follow=True)

    assert answer.redirect_chain[-1][0] == "/login/?next=/admin/clinic/room/"
    assert answer.templates[0].name == "registration/sign_in.html"


def test_the_admin_panels_own_sign_in_address_leads_there_too(client):
    assert client.get("/admin/login/?next=/admin/clinic/room/").headers["Location"] == (
        "/login/?next=%2Fadmin%2Fclinic%2Froom%2F"
    )


def test_signing_in_leads_to_the_page_that_was_asked_for(client, manager):
    data = {"username": manager.username, "password": "correct horse battery", "next": "/admin/clinic/room/"}

    answer = client.post("/login/?next=/admin/clinic/room/", data)

    assert answer.headers["Location"] == "/admin/clinic/room/"


def test_a_manager_who_asks_for_the_sign_in_page_is_in_already(door):
    assert door.get("/admin/login/?next=https://elsewhere.example.org/").headers["Location"] == INDEX


@pytest.mark.parametrize("name", ["reception", "injector"])
@pytest.mark.parametrize(
    "address", [INDEX, "/admin/clinic/room/", "/admin/treatments/patient/add/", "/admin/autocomplete/"]
)
def test_reception_and_injectors_have_no_admin_panel(client, name, address):
    client.force_login(factories.staff(name))

    answer = client.get(address, follow=True)

    assert answer.status_code == 403
    assert "manager, auditor" in answer.content.decode()


def test_an_auditor_reads_and_does_not_write(client):
    client.force_login(factories.staff("auditor", is_staff=True))
    room = factories.room()

    assert client.get(url("room", "change", room.pk)).status_code == 200
    assert client.post(url("room", "change", room.pk), {"name": "x", "location": room.location_id}).status_code == 403
    assert client.get(url("room", "add")).status_code == 403
    assert client.get(url("user", "changelist")).status_code == 403


def test_signing_out_from_the_admin_panel_ends_at_the_sign_in_page(door):
    answer = door.post("/admin/logout/")

    assert answer.headers["Location"] == "/login/"


def test_the_frame_is_the_products_own_and_follows_the_persons_colours(door, manager):
    User.objects.filter(pk=manager.pk).update(theme="dark")

    page = door.get(INDEX).content.decode()

    assert "Clinic administration" in page
    assert "theme-dark" in page
    assert "admin/js/theme.js" not in page


# ---- staff ----


def test_a_new_manager_may_open_the_admin_panel_and_a_receptionist_may_not(door, manager):
    door.post(url("user", "add"), NEW | {"groups": [role("manager")], "is_prescriber": "on"})
    door.post(url("user", "add"), NEW | {"username": "tlin", "groups": [role("reception")]})

    first, second = User.objects.get(username="rosei"), User.objects.get(username="tlin")
    assert (first.is_staff, first.is_prescriber, first.check_password("a long pass phrase")) == (True, True, True)
    assert (second.is_staff, second.is_prescriber) == (False, False)
    event = AuditEvent.objects.get(verb="user.added", object_id=str(first.pk))
    assert (event.by, event.details["groups"][1]) == (manager.username, ["manager"])
    assert "a long pass phrase" not in str(event.details)


def test_losing_the_role_closes_the_admin_panel(door):
    other = factories.staff("auditor", is_staff=True)

    door.post(url("user", "change", other.pk), person(other, groups=[role("injector")]))

    other.refresh_from_db()
    event = AuditEvent.objects.get(verb="user.changed")
    assert other.is_staff is False
    assert event.details == {"groups": [["auditor"], ["injector"]]}


def test_nobody_gives_rights_to_themselves(door, manager):
    data = person(manager, last_name="New", is_prescriber="on", groups=[role("injector")], is_superuser="on")
    del data["is_active"]

    door.post(url("user", "change", manager.pk), data)

    manager.refresh_from_db()
    assert (manager.last_name, manager.is_prescriber, manager.is_active, manager.is_superuser) == (
        "New",
        False,
        True,
        False,
    )
    assert [group.name for group in manager.groups.all()] == ["manager"]


def test_a_manager_does_not_touch_an_administrator(door):
    root = factories.staff("auditor", is_superuser=True, is_staff=True)

    assert door.post(url("user", "change", root.pk), person(root, last_name="x")).status_code == 403
    assert door.post(f"/admin/clinic/user/{root.pk}/password/", {"password1": "x", "password2": "x"}).status_code == 403


def test_nobody_is_made_an_administrator_here(door):
    other = factories.staff("reception")

    door.post(url("user", "change", other.pk), person(other, is_superuser="on", is_staff="on", last_name="New"))

    other.refresh_from_db()
    assert (other.last_name, other.is_superuser, other.is_staff) == ("New", False, False)


def test_a_new_password_is_audited_and_not_told(door):
    other = factories.staff("reception")
    words = {"password1": "another long phrase", "password2": "another long phrase", "usable_password": "true"}

    door.post(f"/admin/clinic/user/{other.pk}/password/", words)

    other.refresh_from_db()
    assert other.check_password("another long phrase")
    assert AuditEvent.objects.get(verb="user.changed").details == {"password": "changed"}


def test_ones_own_new_password_is_audited(door, manager):
    words = {
        "old_password": "correct horse battery",
        "new_password1": "another long phrase",
        "new_password2": "another long phrase",
    }

    wrong = door.post("/admin/password_change/", words | {"old_password": "no"})
    assert wrong.status_code == 200
    assert not AuditEvent.objects.filter(verb="user.password_changed").exists()
    door.post("/admin/password_change/", words)

    assert AuditEvent.objects.get(verb="user.password_changed").by == manager.username


def test_a_weak_password_is_refused_at_its_field(door):
    answer = door.post(url("user", "add"), NEW | {"password1": "12345", "password2": "12345"})

    assert set(answer.context["adminform"].form.errors) == {"password2"}
    assert not User.objects.filter(username="rosei").exists()


# ---- the organisation ----


def test_rooms_and_people_are_added_and_changed_with_their_audit_rows(door, manager):
    door.post(url("location", "add"), {"name": "Harbour", "address": "1 Quay", "is_active": "on"})
    place = Location.objects.get()
    door.post(url("room", "add"), {"name": "Room 1", "location": place.pk, "is_active": "on"})
    door.post(url("practitioner", "add"), {"name": "R. Osei", "user": manager.pk, "is_active": "on"})
    room = Room.objects.get()
    door.post(url("room", "change", room.pk), {"name": "Room A", "location": place.pk, "is_active": ""})

    room.refresh_from_db()
    assert (room.name, room.is_active, Practitioner.objects.get().user) == ("Room A", False, manager)
    rows = AuditEvent.objects.filter(verb__regex="added|changed").order_by("pk")
    assert [(row.verb, row.object_type, row.by) for row in rows] == [
        ("location.added", "location", manager.username),
        ("room.added", "room", manager.username),
        ("practitioner.added", "practitioner", manager.username),
        ("room.changed", "room", manager.username),
    ]
    assert rows.last().details == {"name": ["Room 1", "Room A"], "is_active": [True, False]}


@pytest.mark.parametrize("typed", ["NaN", "a\x00b", "x" * 600])
def test_a_choice_that_is_no_number_is_refused_at_its_field(door, typed):
    answer = door.post(url("practitioner", "add"), {"name": "R. Osei", "user": typed, "is_active": "on"})

    assert list(answer.context["adminform"].form.errors) == ["user"]
    assert not Practitioner.objects.exists()


def test_a_filter_that_no_database_can_read_is_left_out(door):
    answer = door.get(url("auditevent", "changelist"), {"verb": "a\x00b"})

    assert (answer.status_code, answer.headers["Location"]) == (302, url("auditevent", "changelist"))


@pytest.mark.parametrize("term", ["a\x00b", "\x00"])
def test_a_search_that_no_database_can_read_finds_what_is_left_of_it(door, term):
    wanted = {"app_label": "clinic", "model_name": "practitioner", "field_name": "user", "term": term}

    assert door.get(reverse("admin:autocomplete"), wanted).status_code == 200


def test_saving_a_row_unchanged_leaves_no_trace(door):
    room = factories.room()

    door.post(url("room", "change", room.pk), {"name": room.name, "location": room.location_id, "is_active": "on"})

    assert not AuditEvent.objects.filter(object_type="room").exists()


def test_a_second_room_of_that_name_is_refused(door):
    room = factories.room()

    answer = door.post(url("room", "add"), {"name": room.name, "location": room.location_id, "is_active": "on"})

    assert answer.status_code == 200
    assert Room.objects.count() == 1


@pytest.mark.parametrize("model", ["location", "room", "practitioner", "user"])
def test_nothing_is_deleted(client, model):
    client.force_login(factories.staff("manager", is_staff=True, is_superuser=True))
    factories.practitioner()
    row = {"location": Location, "room": Room, "practitioner": Practitioner, "user": User}[model].objects.first()
    pk = row.pk if row else factories.room().pk

    assert client.post(url(model, "delete", pk), {"post": "yes"}).status_code == 403


# ---- the audit trail ----


def test_the_audit_trail_is_searched_and_only_read(client):
    client.force_login(factories.staff("manager", is_staff=True, is_superuser=True))
    patient, other = factories.patient(), factories.patient()
    event = AuditEvent.objects.get(patient_id=patient.public_id)

    found = client.get(url("auditevent", "changelist"), {"q": patient.public_id})
    page = client.get(url("auditevent", "change", event.pk)).content.decode()

    assert [row.patient_id for row in found.context["cl"].result_list] == [patient.public_id]
    assert other.public_id not in page
    assert f'href="{patient.get_absolute_url()}"' in page
    assert "22-Nov-2026 09:00" in page
    for answer in (
        client.post(url("auditevent", "change", event.pk), {"by": "somebody else"}),
        client.post(url("auditevent", "delete", event.pk), {"post": "yes"}),
        client.get(url("auditevent", "add")),
    ):
        assert answer.status_code == 403


def test_the_history_of_a_member_of_staff_is_the_audit_trail_about_them(door):
    other = factories.staff("reception")
    door.post(url("user", "change", other.pk), person(other, last_name="New"))

    answer = door.get(url("user", "history", other.pk), follow=True)

    assert [row.verb for row in answer.context["cl"].result_list] == ["user.changed"]
