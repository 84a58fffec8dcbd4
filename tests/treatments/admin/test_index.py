import pytest
from django.contrib import admin
from django.urls import reverse

from tests import factories
from treatments.admin import index


def test_every_table_stands_in_one_group():
    listed = [name for _group, names in index.GROUPS for name in names]

    assert sorted(listed) == sorted(model.__name__ for model in admin.site._registry)


def test_a_manager_sees_the_groups_in_order(door):
    answer = door.get(reverse("admin:index"))

    assert [str(app["name"]) for app in answer.context["app_list"]] == [
        "Patients and visits",
        "Rules",
        "Catalogue",
        "Clinic",
    ]
    assert answer.context["app_list"][0]["models"][0]["add_url"] == "/admin/treatments/patient/add/"


def test_an_auditor_reads_everything_but_people_and_changes_nothing(client):
    client.force_login(factories.staff("auditor", is_staff=True))

    answer = client.get(reverse("admin:index"))

    models = [model for app in answer.context["app_list"] for model in app["models"]]
    assert {model["object_name"] for model in models} == {
        name for _group, names in index.GROUPS for name in names if name != "User"
    }
    assert [model["object_name"] for model in models if model["add_url"] or not model["view_only"]] == []


@pytest.mark.parametrize("app", ["treatments", "clinic"])
def test_the_page_of_one_app_opens(door, app):
    assert door.get(reverse("admin:app_list", args=[app])).status_code == 200
