"""The times beside the form of booking and moving: the best three, the month, the day, holds, and why not then."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from clinic.models import ClosedDay, Location, WorkingHours
from tests import factories
from tests.factories import NOW, TODAY
from treatments.forms.times import Slot
from treatments.models import Appointment, EarlierWish, Service, SlotHold
from treatments.services import appointments

pytestmark = pytest.mark.django_db
TUESDAY = date(2026, 12, 1)


@pytest.fixture(autouse=True)
def _today():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def reception(client):
    client.force_login(factories.staff("reception", first_name="Maya", last_name="Cole"))
    return client


@pytest.fixture
def osei():
    """Works from Monday to Friday, nine to five."""
    return works(factories.practitioner(name="R. Osei"))


@pytest.fixture
def room():
    return factories.room(name="Room 1")


@pytest.fixture
def person(osei, room):
    """Due since eight days, treated by the usual practitioner on a Tuesday at ten."""
    person = factories.patient()
    factories.answers(person)
    factories.treated(person, TODAY - timedelta(days=100), practitioner=osei)
    return person


def works(who, *, weekdays=range(5), opens=time(9), closes=time(17)):
    where = Location.objects.get_or_create(name="Harbour")[0]
    for weekday in weekdays:
        WorkingHours.objects.create(
            practitioner=who, location=where, weekday=weekday, opens=opens, closes=closes, starts_on=date(2026, 1, 1)
        )
    return who


def at(hour, minute=0, on=TUESDAY) -> datetime:
    return datetime(on.year, on.month, on.day, hour, minute, tzinfo=UTC)


def slot(who, room, starts_at) -> str:
    return str(Slot(starts_at, who.pk, room.pk))


def taken(who, room, starts_at, *, minutes=30, by=None, **fields) -> Appointment:
    wanted = appointments.Booking(
        fields.pop("patient", None) or factories.patient(), (factories.indication(),), who, room, starts_at, minutes
    )
    by = by or factories.staff("reception", first_name="T.", last_name="Lin")
    return appointments.book(wanted, by=by, at=timezone.now(), acknowledged=True)


def url(name, thing) -> str:
    return reverse(name, args=[thing.public_id])


def posted(**fields) -> dict:
    return {"indications": ["glabellar_lines"], "minutes": "30"} | fields


def cell(times, day):
    return next(each for week in times.month.weeks for each in week if each and each.on == day)


# ---- the best three ----


def test_three_best_times_on_three_days_each_with_its_reasons(reception, person, osei):
    times = reception.get(url("book", person)).context["times"]

    assert [(time.day, time.clock, time.who, time.room) for time in times.best.times] == [
        ("Mon 23-Nov-2026", "09:00", "R. Osei", "Room 1"),
        ("Tue 24-Nov-2026", "09:00", "R. Osei", "Room 1"),
        ("Wed 25-Nov-2026", "09:00", "R. Osei", "Room 1"),
    ]
    assert times.best.times[0].reasons == "Inside the window, R. Osei as usual, first free time"
    assert times.best.none == ""


def test_the_weekday_and_hour_of_the_last_visit_weigh(reception, person, osei, room):
    with time_machine.travel(NOW - timedelta(days=250), tick=False):
        taken(osei, room, datetime(2026, 3, 24, 13, 0, tzinfo=UTC), patient=person)  # a Tuesday

    first = reception.get(url("book", person)).context["times"].best.times[0]

    assert (first.day, first.clock) == ("Tue 24-Nov-2026", "12:00")
    assert first.reasons == "Inside the window, R. Osei as usual, Tuesday like last time, same time of day"


def test_a_window_without_a_free_time_says_so_and_how_many_others_have(reception, person, osei, room):
    WorkingHours.objects.filter(practitioner=osei).update(starts_on=date(2026, 12, 15))
    works(factories.practitioner(name="T. Lin"), weekdays=[0], opens=time(9), closes=time(10))

    response = reception.get(url("book", person))

    best = response.context["times"].best
    assert best.none == "No free time between 22-Nov-2026 and 14-Dec-2026 with R. Osei."
    assert best.anyone == 3 * 4  # four Mondays
    assert [time.day for time in best.times] == ["Tue 15-Dec-2026", "Wed 16-Dec-2026", "Thu 17-Dec-2026"]
    assert "With anyone: 12." in response.content.decode()


def test_with_anyone_shows_their_times_and_keeps_what_was_typed(reception, person, osei, room):
    WorkingHours.objects.filter(practitioner=osei).update(starts_on=date(2026, 12, 15))
    works(factories.practitioner(name="T. Lin"), weekdays=[0])

    response = reception.post(
        url("book", person), posted(practitioner=osei.pk, use_with="", note="Comes with her sister")
    )

    assert {time.who for time in response.context["times"].best.times} == {"T. Lin"}
    assert response.context["form"]["note"].value() == "Comes with her sister"
    assert not Appointment.objects.exists()


def test_the_list_for_an_earlier_visit_is_one_press_away(reception, person, osei, room):
    WorkingHours.objects.filter(practitioner=osei).update(starts_on=date(2026, 12, 15))

    shown = reception.get(url("book", person)).content.decode()
    reception.post(url("earlier_ask", person), posted(practitioner=osei.pk))

    assert f'formaction="{url("earlier_ask", person)}"' in shown
    assert EarlierWish.objects.get().patient == person


def test_the_panel_speaks_of_the_day_of_the_best_time(reception, person):
    response = reception.get(url("book", person))

    assert response.context["form"]["on"].value() == date(2026, 11, 23)
    assert response.context["decision"].verdict.headline == "Clear. Nothing known against it on 23-Nov-2026."


def test_the_first_best_time_has_the_focus_and_none_is_chosen(reception, person):
    content = reception.get(url("book", person)).content.decode()

    assert content.count("autofocus") == 1
    assert 'id="best-1"' in content[: content.index("autofocus")]
    assert 'name="slot"' in content
    assert " checked" not in content[content.index('id="best-1"') : content.index("autofocus")]


# ---- the month ----


def test_a_month_counts_the_free_times_and_words_where_the_day_lies(reception, person, osei, room):
    taken(osei, room, at(10))
    ClosedDay.objects.create(on=date(2026, 12, 25), name="Christmas Day")

    times = reception.get(url("book", person), {"date": "2026-12-01"}).context["times"]

    assert times.month.heading == "December 2026"
    assert (cell(times, "2026-12-01").n, cell(times, "2026-12-02").n) == (28, 31)
    assert cell(times, "2026-12-01").name == "Tuesday 1 December, 28 times"
    assert cell(times, "2026-12-05").n_words == "nobody works"
    assert cell(times, "2026-12-15").name == "Tuesday 15 December, 31 times, late"
    christmas = cell(times, "2026-12-25")
    assert (christmas.n, christmas.mark, christmas.word) == (None, "closed", "closed: Christmas Day")


def test_days_before_the_window_are_too_soon(reception, osei, room):
    person = factories.patient()
    factories.treated(person, TODAY - timedelta(days=30))

    times = reception.get(url("book", person), {"date": "2026-12-01"}).context["times"]

    assert cell(times, "2026-12-01").word == "too soon"


def test_days_inside_a_dated_block_are_marked_and_not_among_the_best(reception, person):
    factories.flag(person, "pregnancy", ends_on=date(2026, 12, 3))

    response = reception.get(url("book", person), {"date": "2026-12-01"})

    times = response.context["times"]
    assert [cell(times, f"2026-12-0{day}").mark for day in (1, 2, 3)] == ["blocked", "blocked", ""]
    assert min(time.on for time in times.best.times) == date(2026, 12, 3)


def test_under_a_stop_without_an_end_times_are_shown_for_a_consultation(reception, person):
    factories.flag(person, "pregnancy")
    Service.objects.create(name="Consultation", minutes=20, is_treatment=False)

    response = reception.get(url("book", person))

    content = response.content.decode()
    assert len(response.context["times"].best.times) == 3
    assert "Shown for a consultation only." in content
    assert "Book instead: Consultation, 20 min" in content
    assert "Pregnant: to be asked again on 02-Apr-2027." in content
    assert "Confirm booking" not in content


def test_the_day_lists_morning_afternoon_and_evening(reception, person, osei, room):
    WorkingHours.objects.all().delete()
    works(osei, opens=time(11, 30), closes=time(18))

    day = reception.get(url("book", person), {"date": "2026-12-01"}).context["times"].day

    assert day.heading == "Tuesday 01-Dec-2026, 25 times"
    assert [(part, free[0].clock, free[-1].clock) for part, free in day.parts] == [
        ("Morning", "11:30", "11:45"),
        ("Afternoon", "12:00", "16:45"),
        ("Evening", "17:00", "17:30"),
    ]


@pytest.mark.parametrize(
    ("day", "sentence"),
    [
        ("2026-12-05", "Nobody works on this day."),
        ("2026-11-20", "This day is over."),
        ("2028-12-01", "Choose a day within the next two years."),
    ],
)
def test_a_day_without_times_says_why(reception, person, day, sentence):
    assert reception.get(url("book", person), {"date": day}).context["times"].day.empty == sentence


def test_of_a_repeated_hour_each_time_says_its_zone(reception, person, osei, room):
    WorkingHours.objects.all().delete()
    works(osei, weekdays=[6], opens=time(0, 30), closes=time(2, 30))

    day = reception.get(url("book", person), {"date": "2027-10-31"}).context["times"].day

    clocks = [time.clock for _part, free in day.parts for time in free]
    assert clocks[2:10:2] == ["01:00 BST", "01:30 BST", "01:00 GMT", "01:30 GMT"]


# ---- another month or day, without the rest of the page ----


def turned(client, person, **query):
    sealed = client.get(url("book", person)).context["times"].sealed
    return client.get(reverse("times"), {"search": sealed} | query, HTTP_HX_REQUEST="true")


def test_another_month_comes_alone(reception, person):
    response = turned(reception, person, month="2027-02")

    assert response.context["times"]["month"].heading == "February 2027"
    assert response.content.decode().lstrip().startswith('<div id="month">')


def test_another_day_comes_with_the_focus_on_its_first_time(reception, person):
    response = turned(reception, person, use_day="2026-12-02")

    content = response.content.decode()
    assert response.context["times"]["day"].heading == "Wednesday 02-Dec-2026, 31 times"
    assert content.count("autofocus") == 1
    assert (
        content.index('type="radio"')
        < content.index("autofocus")
        < content.index('type="radio"', content.index("autofocus"))
    )


def test_a_pressed_day_comes_without_the_rest_of_its_month(reception, person):
    response = turned(reception, person, use_day="2026-12-02")

    content = response.content.decode()
    assert content.lstrip().startswith('<section class="day-times" id="day-times"')
    assert 'id="chosen-day" value="2026-12-02" hx-swap-oob="true"' in content
    assert content.count('class="month-day"') == 1
    assert '31 times" aria-current="date"' in content
    assert "HX-Retarget" not in response


def test_a_day_that_cannot_be_booked_turns_to_a_month(reception, person):
    response = turned(reception, person, use_day="9999-12-31")

    assert response["HX-Retarget"] == "#month"


@pytest.mark.parametrize("query", [{"month": "2026-12"}, {"use_day": "2026-12-02"}])
@pytest.mark.parametrize("n_visits", [1, 20])
def test_a_month_and_a_day_cost_at_most_twelve_queries(
    reception, person, osei, room, query, n_visits, django_assert_max_num_queries
):
    for n in range(n_visits):
        taken(osei, room, at(9, on=TUESDAY + timedelta(days=7 * n)))
    sealed = reception.get(url("book", person)).context["times"].sealed

    with django_assert_max_num_queries(12) as found:
        reception.get(reverse("times"), {"search": sealed} | query, HTTP_HX_REQUEST="true")

    assert len(found.captured_queries) == MONTH_QUERIES


MONTH_QUERIES = 9  # session, person, roles, practitioners, rooms, three for hours, visits with holds


@pytest.mark.parametrize("n_visits", [1, 20])
def test_the_whole_page_costs_the_same_for_one_visit_and_for_twenty(
    reception, person, osei, room, n_visits, django_assert_num_queries
):
    for n in range(n_visits):
        taken(osei, room, at(9, on=TUESDAY + timedelta(days=7 * n)))
    reception.get(url("book", person))

    with django_assert_num_queries(PAGE_QUERIES):
        reception.get(url("book", person))


PAGE_QUERIES = 20


@pytest.mark.parametrize("search", ["", "x", "eyJ4IjoxfQ:1:aaaa"])
def test_a_search_that_is_not_ours_is_refused(reception, search):
    assert reception.get(reverse("times"), {"search": search}).status_code == 400


@pytest.mark.parametrize(
    "query", [{"month": "x"}, {"month": "0001-01"}, {"month": "9999-12"}, {"use_day": "9999-12-31"}]
)
def test_nonsense_in_the_address_turns_to_a_month_that_can_be_booked(reception, person, query):
    response = turned(reception, person, **query)

    assert response.status_code == 200
    assert response.context["times"]["month"].heading in ("November 2026", "November 2028")


# ---- why not then ----


def why(client, person, at, *, day="2026-12-01"):
    return turned(client, person, step="why", why_at=at, day=day).context["why"]


def test_why_a_time_is_not_offered(reception, person, osei, room):
    taken(osei, room, at(9, 45))
    holder = factories.staff("reception", first_name="T.", last_name="Lin")
    SlotHold.objects.create(
        patient=factories.patient(), practitioner=osei, room=room, by=holder.username, until=NOW + timedelta(minutes=4),
        starts_at=at(14), ends_at=at(14, 30),
    )  # fmt: skip

    assert why(reception, person, "10:00") == [
        "R. Osei is booked from 09:45 to 10:15.",
        "Room 1 is taken from 09:45 to 10:15.",
    ]
    assert why(reception, person, "09:30")[0] == (
        "Too short: the visit needs 30 minutes, and R. Osei is free until 09:45 only."
    )
    assert why(reception, person, "14:00")[0] == "The time is held by T. Lin until 09:04."
    assert why(reception, person, "08:00") == ["R. Osei does not work at 08:00. Work begins at 09:00."]
    assert why(reception, person, "11:05") == ["Visits start every 15 minutes. Type 11:05 under Another time."]
    assert why(reception, person, "11:00") == ["11:00 is free. Choose it above."]
    assert why(reception, person, "25:10") == ["Time must be a real time, like 14:30."]


def test_why_not_on_a_closed_day_and_before_a_visit_that_is_prepared(reception, person, osei, room):
    service = Service.objects.create(name="Prepared", minutes=30, prepare_minutes=20)
    wanted = appointments.Booking(
        factories.patient(), (factories.indication(),), osei, room, at(13), 30, service=service
    )
    appointments.book(wanted, by=factories.staff("reception"), at=NOW, acknowledged=True)
    ClosedDay.objects.create(on=date(2026, 12, 25), name="Christmas Day")

    prepared = turned(reception, person, step="why", why_at="12:45", day="2026-12-01").context["why"]

    assert prepared[0] == "R. Osei is needed for preparation before a visit. Free from 13:30."
    assert why(reception, person, "10:00", day="2026-12-25") == ["The clinic is closed that day: Christmas Day."]


def test_why_a_time_that_the_clocks_skip_is_not_offered(reception, person):
    assert why(reception, person, "01:30", day="2027-03-28") == [
        "01:30 does not exist on that day: the clocks go forward."
    ]


def test_why_without_script_answers_on_the_whole_page(reception, person, osei):
    response = reception.post(
        url("book", person), posted(practitioner=osei.pk, on="2026-12-01", step="why", why_at="08:00")
    )

    assert "R. Osei does not work at 08:00." in response.content.decode()


# ---- holding ----


def test_a_chosen_time_is_held_for_five_minutes(reception, person, osei, room):
    response = reception.post(url("book_hold", person), posted(slot=slot(osei, room, at(10))), HTTP_HX_REQUEST="true")

    content = response.content.decode()
    assert "10:00 is held for you until 09:05." in content
    assert "Tuesday 01-Dec-2026, 10:00 to 10:30, R. Osei, Room 1" in content
    assert content.lstrip().startswith('<div id="decision">')
    hold = SlotHold.objects.get()
    assert (hold.starts_at, hold.until) == (at(10), NOW + timedelta(minutes=5))


def test_another_chosen_time_lets_go_of_the_first(reception, person, osei, room):
    for hour in (10, 11):
        reception.post(url("book_hold", person), posted(slot=slot(osei, room, at(hour))))

    assert [hold.starts_at for hold in SlotHold.objects.all()] == [at(11)]


def test_a_held_time_is_not_offered_to_a_colleague(reception, client, person, osei, room):
    reception.post(url("book_hold", person), posted(slot=slot(osei, room, at(10))))
    client.force_login(factories.staff("reception"))

    day = client.get(url("book", factories.patient()), {"date": "2026-12-01"}).context["times"].day

    assert "10:00" not in [time.clock for _part, free in day.parts for time in free]


def test_nothing_is_held_under_a_hard_stop(reception, person, osei, room):
    factories.flag(person, "pregnancy")

    response = reception.post(url("book_hold", person), posted(slot=slot(osei, room, at(10))))

    assert response.context["decision"].state == "hard"
    assert not SlotHold.objects.exists()


def test_a_time_that_has_gone_meanwhile_is_said_with_three_near_it(reception, person, osei, room):
    taken(osei, room, at(10))

    response = reception.post(
        url("book_hold", person), posted(slot=slot(osei, room, at(10)), note="Comes with her sister"),
        HTTP_HX_REQUEST="true",
    )  # fmt: skip

    assert (response["HX-Retarget"], response["HX-Reswap"]) == ("#times", "outerHTML")
    assert response.context["taken"] == ["10:00 was booked at 09:00 by T. Lin."]
    assert [time.clock for time in response.context["times"].near] == ["09:15", "09:30", "10:30"]
    assert response.context["form"]["note"].value() == "Comes with her sister"
    assert not SlotHold.objects.exists()


def test_a_near_time_is_taken_at_a_press(reception, person, osei, room):
    near = slot(osei, room, at(10, 30))

    response = reception.post(url("book_times", person), posted(slot=slot(osei, room, at(10)), take=near))

    assert response.context["times"].picked == near
    assert SlotHold.objects.get().starts_at == at(10, 30)


# ---- booking what was offered ----


def test_an_offered_time_is_booked_with_its_practitioner_and_room(reception, person, osei, room):
    response = reception.post(url("book", person), posted(slot=slot(osei, room, at(10))))

    visit = Appointment.objects.get()
    assert response.url == visit.get_absolute_url()
    assert (visit.starts_at, visit.practitioner, visit.room) == (at(10), osei, room)


def test_a_taken_time_keeps_the_choices_and_offers_three_near_ones(reception, person, osei, room):
    taken(osei, room, at(14, 30))

    response = reception.post(
        url("book", person), posted(slot=slot(osei, room, at(14, 30)), note="Comes with her sister")
    )

    assert response.status_code == 409
    assert response.context["form"].errors == {"slot": ["14:30 was booked at 09:00 by T. Lin."]}
    assert [time.clock for time in response.context["times"].near] == ["13:45", "14:00", "15:00"]
    content = response.content.decode()
    assert 'name="note" value="Comes with her sister"' in content
    assert content.count('name="take"') == 3
    assert content.count("14:30 was booked at 09:00 by T. Lin.") == 2  # on top, and at the times


def test_a_time_held_by_a_colleague_is_refused_in_words(reception, person, osei, room):
    holder = factories.staff("reception", first_name="T.", last_name="Lin")
    SlotHold.objects.create(
        patient=factories.patient(), practitioner=osei, room=room, by=holder.username, until=NOW + timedelta(minutes=4),
        starts_at=at(10), ends_at=at(10, 30),
    )  # fmt: skip

    response = reception.post(url("book", person), posted(slot=slot(osei, room, at(10))))

    assert response.status_code == 409
    assert response.context["form"].errors == {"slot": ["T. Lin has chosen this time and may confirm it until 09:04."]}


def test_a_listed_and_a_typed_time_together_are_asked_about(reception, person, osei, room):
    response = reception.post(
        url("book", person), posted(slot=slot(osei, room, at(10)), on="2026-12-01", starts="11:00")
    )

    assert response.context["form"].errors == {"starts": ["Two times are chosen: 10:00 and 11:00. Empty this one."]}
    assert not Appointment.objects.exists()


def test_a_typed_time_outside_the_hours_is_a_caution_that_must_be_read(reception, person, osei, room):
    data = posted(practitioner=osei.pk, room=room.pk, on="2026-12-01", starts="18:00")

    refused = reception.post(url("book", person), data)
    key = refused.context["decision"].caution_key
    booked = reception.post(url("book", person), data | {"acknowledged": key})

    assert (refused.status_code, booked.status_code) == (422, 302)
    assert "R. Osei works here from 09:00 to 17:00 on that day." in refused.content.decode()


def test_without_working_hours_the_time_is_typed(reception, person):
    WorkingHours.objects.all().delete()

    content = reception.get(url("book", person)).content.decode()

    assert "No working hours are set. Enter the time." in content
    assert "Set working hours" not in content
    assert "<details" in content
    assert 'class="fold another-time" id="another-time" hx-preserve="true" open' in content


def test_a_manager_is_shown_where_hours_are_set(client, person):
    WorkingHours.objects.all().delete()
    client.force_login(factories.staff("manager", is_staff=True))

    assert "Set working hours" in client.get(url("book", person)).content.decode()


def test_only_those_who_inject_it_are_offered(reception, person, osei, room):
    lin = works(factories.practitioner(name="T. Lin"))
    factories.indication().injectors.set([lin])

    times = reception.post(url("book_times", person), posted()).context["times"]

    assert {time.who for time in times.best.times} == {"T. Lin"}


def test_a_service_brings_its_length_its_preparation_and_its_rooms(reception, person, osei, room):
    second = factories.room(name="Room 2")
    service = Service.objects.create(name="Prepared", minutes=60, prepare_minutes=15)
    service.rooms.set([second])

    day = (
        reception.post(
            url("book_times", person), posted(service=service.pk, minutes="", practitioner=osei.pk, on="2026-12-01")
        )
        .context["times"]
        .day
    )

    free = [time for _part, times in day.parts for time in times]
    assert (free[0].clock, free[-1].clock) == ("09:15", "16:00")
    assert {time.room for time in free} == {"Room 2"}


# ---- moving ----


def test_the_move_page_offers_times_of_the_same_practitioner_and_none_is_chosen(reception, osei, room):
    visit = taken(osei, room, at(10))

    response = reception.get(url("visit_move", visit))

    form, times = response.context["form"], response.context["times"]
    assert (form["practitioner"].value(), form["starts"].value(), form["minutes"].value()) == (osei.pk, None, 30)
    assert len(times.best.times) == 3
    assert times.picked == ""
    assert "From 01-Dec-2026, 10:00 to 10:30, R. Osei, Harbour, Room 1" in response.content.decode()


def test_a_visit_may_be_moved_into_its_own_time(reception, osei, room):
    visit = taken(osei, room, at(10))
    data = {"slot": slot(osei, room, at(10, 15)), "minutes": "30", "version": visit.version}

    held = reception.post(url("visit_move_hold", visit), data)
    moved = reception.post(url("visit_move", visit), data)

    visit.refresh_from_db()
    assert "10:15 is held for you until 09:05." in held.content.decode()
    assert (moved.status_code, visit.starts_at) == (302, at(10, 15))
    assert not SlotHold.objects.exists()


def test_a_move_to_a_taken_time_offers_three_near_ones(reception, osei, room):
    visit = taken(osei, room, at(9))
    taken(osei, room, at(14, 30))

    response = reception.post(
        url("visit_move", visit), {"slot": slot(osei, room, at(14, 30)), "minutes": "30", "version": visit.version}
    )

    assert response.status_code == 409
    assert response.context["form"].errors == {"slot": ["14:30 was booked at 09:00 by T. Lin."]}
    assert [time.clock for time in response.context["times"].near] == ["13:45", "14:00", "15:00"]


def test_a_stale_move_shows_both_versions_and_keeps_the_choice(reception, osei, room):
    visit = taken(osei, room, at(9))
    chosen = slot(osei, room, at(15))
    data = {"slot": chosen, "minutes": "30", "version": visit.version}
    appointments.move(
        visit, practitioner=osei, room=room, starts_at=at(11), minutes=30,
        by=factories.staff("manager", first_name="Ada", last_name="Ito"), at=NOW, acknowledged=True,
    )  # fmt: skip

    stale = reception.post(url("visit_move", visit), data)
    again = reception.post(url("visit_move", visit), data | {"version": stale.context["form"]["version"].value()})

    assert stale.status_code == 409
    assert stale.context["both"] == {
        "now": "01-Dec-2026, 11:00 to 11:30, R. Osei, Harbour, Room 1. Booked.",
        "chosen": "Tuesday 01-Dec-2026, 15:00 to 15:30, R. Osei, Room 1",
    }
    assert stale.context["times"].picked == chosen
    visit.refresh_from_db()
    assert (again.status_code, visit.starts_at) == (302, at(15))


# ---- who may ----


@pytest.mark.parametrize("name", ["book_times", "book_hold"])
def test_an_auditor_may_not_ask_for_times(client, person, name):
    client.force_login(factories.staff("auditor"))

    assert client.post(url(name, person), posted()).status_code == 403


@pytest.mark.parametrize("name", ["visit_move_times", "visit_move_hold"])
def test_an_auditor_may_not_ask_for_times_of_a_move(client, osei, room, name):
    visit = taken(osei, room, at(9))
    client.force_login(factories.staff("auditor"))

    assert client.post(url(name, visit), {}).status_code == 403


@pytest.mark.parametrize("name", ["book_times", "book_hold"])
def test_the_pieces_of_the_page_take_posts_only(reception, person, name):
    assert reception.get(url(name, person)).status_code == 405


def test_nobody_signed_in_sees_no_times(client):
    assert client.get(reverse("times")).status_code == 302
