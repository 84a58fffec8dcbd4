"""A create form counts once."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from tests import factories
from tests.factories import BY, NOW
from treatments.models import FormToken, Patient
from treatments.services.once import KEPT, AlreadyMade, is_token, once

pytestmark = pytest.mark.django_db
TOKEN = "0123456789abcdef" * 2


def made(token: str = TOKEN, **fields) -> Patient:
    return once(token, lambda: factories.patient(**fields), by=BY, at=NOW)


def test_the_second_time_it_says_what_the_first_one_made():
    person = made()

    with pytest.raises(AlreadyMade) as already:
        made()

    assert already.value.url == person.get_absolute_url()
    assert (Patient.objects.count(), FormToken.objects.get().made) == (1, person.get_absolute_url())


def test_what_has_no_page_of_its_own_leads_where_the_caller_says():
    once(TOKEN, lambda: 3, by=BY, at=NOW, url="/due/")

    with pytest.raises(AlreadyMade) as already:
        once(TOKEN, lambda: 4, by=BY, at=NOW, url="/elsewhere/")

    assert already.value.url == "/due/"


def test_what_is_refused_leaves_the_token_unused():
    with pytest.raises(ValidationError):
        made(family_name="", given_name="")

    assert FormToken.objects.count() == 0
    assert made().pk == Patient.objects.get().pk


@pytest.mark.parametrize("text", ["", "x", TOKEN.upper(), TOKEN[:-1], TOKEN + "0", TOKEN[:-1] + "g", f"{TOKEN}\n"])
def test_what_is_no_token_asks_for_nothing(text):
    made(text)
    made(text)

    assert not is_token(text)
    assert (Patient.objects.count(), FormToken.objects.count()) == (2, 0)


def test_another_token_is_another_form():
    made()
    made("f" * 32)

    assert Patient.objects.count() == 2


def test_a_token_is_kept_for_two_days():
    made()
    once("a" * 32, lambda: 1, by=BY, at=NOW + KEPT, url="/")
    kept = set(FormToken.objects.values_list("token", flat=True))
    once("b" * 32, lambda: 1, by=BY, at=NOW + KEPT + timedelta(seconds=1), url="/")

    assert kept == {TOKEN, "a" * 32}
    assert set(FormToken.objects.values_list("token", flat=True)) == {"a" * 32, "b" * 32}
