"""Who injected last, kept at the course; the indices of the call list hold that and the indication, and are read alone."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import OuterRef, Subquery


def fill(apps, _schema_editor):
    """Who gave the last full treatment of each course, where that is known."""
    given = apps.get_model("treatments", "CourseTreatment").objects.filter(
        course=OuterRef("pk"),
        treatment__kind="full",
        treatment__voided_at__isnull=True,
        treatment__performed_on=OuterRef("last_treated_on"),
        treatment__practitioner__isnull=False,
    )
    last = given.order_by("-pk").values("treatment__practitioner")[:1]
    apps.get_model("treatments", "Course").objects.update(last_injector=Subquery(last))


class Migration(migrations.Migration):
    dependencies = [
        ("clinic", "0003_digest"),
        ("treatments", "0013_another_way"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="course",
            name="call_soon",
        ),
        migrations.RemoveIndex(
            model_name="course",
            name="call_due",
        ),
        migrations.RemoveIndex(
            model_name="course",
            name="call_lapsed",
        ),
        migrations.RemoveIndex(
            model_name="course",
            name="call_rebook",
        ),
        migrations.AddField(
            model_name="course",
            name="last_injector",
            field=models.ForeignKey(
                db_index=False,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="clinic.practitioner",
            ),
        ),
        migrations.AddIndex(
            model_name="course",
            index=models.Index(
                condition=models.Q(("doubt", ""), ("opted_out", False), ("rebook_since__isnull", True)),
                fields=[
                    "call_rank",
                    "due_from",
                    "id",
                    "closed_on",
                    "blocked_until",
                    "booked_until",
                    "snoozed_until",
                    "rebook_since",
                    "opted_out",
                    "doubt",
                    "indication",
                    "last_injector",
                ],
                name="call_soon",
            ),
        ),
        migrations.AddIndex(
            model_name="course",
            index=models.Index(
                condition=models.Q(("doubt", ""), ("opted_out", False), ("rebook_since__isnull", True)),
                fields=[
                    "call_rank",
                    "overdue_from",
                    "id",
                    "due_from",
                    "lapsed_from",
                    "closed_on",
                    "blocked_until",
                    "booked_until",
                    "snoozed_until",
                    "rebook_since",
                    "opted_out",
                    "doubt",
                    "indication",
                    "last_injector",
                ],
                name="call_due",
            ),
        ),
        migrations.AddIndex(
            model_name="course",
            index=models.Index(
                condition=models.Q(("doubt", ""), ("opted_out", False), ("rebook_since__isnull", True)),
                fields=[
                    "call_rank",
                    "lapsed_from",
                    "id",
                    "closed_on",
                    "blocked_until",
                    "booked_until",
                    "snoozed_until",
                    "rebook_since",
                    "opted_out",
                    "doubt",
                    "indication",
                    "last_injector",
                ],
                name="call_lapsed",
            ),
        ),
        migrations.AddIndex(
            model_name="course",
            index=models.Index(
                condition=models.Q(("doubt", ""), ("opted_out", False), ("rebook_since__isnull", False)),
                fields=[
                    "call_rank",
                    "rebook_since",
                    "id",
                    "closed_on",
                    "blocked_until",
                    "booked_until",
                    "snoozed_until",
                    "opted_out",
                    "doubt",
                    "indication",
                    "last_injector",
                ],
                name="call_rebook",
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
