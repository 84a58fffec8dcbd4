"""A reminder that was refused by one way may go another way: its step is kept once beside what was refused."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("treatments", "0012_owed_windows"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="reminder",
            name="reminder_once_per_step",
        ),
        migrations.AddField(
            model_name="reminder",
            name="refused",
            field=models.BooleanField(default=False, editable=False),
        ),
        migrations.AddConstraint(
            model_name="reminder",
            constraint=models.UniqueConstraint(
                condition=models.Q(("refused", False)),
                fields=("course", "cycle_on", "step"),
                name="reminder_once_per_step",
            ),
        ),
    ]
