from django.db import migrations

from treatments.rules.periods import Length, LengthUnit


def count_intervals(apps, schema_editor):
    """The minimum interval on both sides of every full treatment so far, by the licence it was judged by.

    Where none was noted, the one for any product counts.
    """
    licence_model = apps.get_model("treatments", "Licence")
    given_model = apps.get_model("treatments", "CourseTreatment")
    by_pk, for_any = {}, {}
    for row in licence_model.objects.order_by("effective_from", "pk"):
        length = Length(row.min_interval, LengthUnit(row.min_interval_unit))
        by_pk[row.pk] = length
        if row.product_id is None:
            for_any[row.indication_id] = length
    rows = given_model.objects.filter(treatment__kind="full").select_related("treatment", "course")
    some = []
    for given in rows.iterator(chunk_size=500):
        interval = by_pk.get(given.licence_id) or for_any.get(given.course.indication_id)
        if interval is None:
            continue
        given.repeat_from = interval.after(given.treatment.performed_on)
        given.previous_until = interval.before(given.treatment.performed_on)
        some.append(given)
        if len(some) == 500:
            given_model.objects.bulk_update(some, ["repeat_from", "previous_until"])
            some.clear()
    given_model.objects.bulk_update(some, ["repeat_from", "previous_until"])


class Migration(migrations.Migration):
    dependencies = [("treatments", "0003_diary")]
    operations = [migrations.RunPython(count_intervals, migrations.RunPython.noop)]
