"""The call list reads from indexes alone."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("treatments", "0010_patient_links"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="course",
            index=models.Index(
                condition=models.Q(("blocked_until__isnull", False)),
                fields=["blocked_until", "id", "closed_on"],
                name="course_blocked",
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
                ],
                name="call_rebook",
            ),
        ),
        migrations.AddIndex(
            model_name="course",
            index=models.Index(
                condition=models.Q(("doubt", ""), ("opted_out", False), ("snoozed_until__isnull", False)),
                fields=["snoozed_until", "id", "closed_on", "blocked_until", "booked_until", "opted_out", "doubt"],
                name="call_snoozed",
            ),
        ),
    ]
