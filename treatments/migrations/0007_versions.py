"""Counts up with every change, so that two people at one form are told of each other."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("treatments", "0006_kept_overrides")]

    operations = [
        migrations.AddField(
            model_name="course",
            name="version",
            field=models.PositiveIntegerField(default=1, editable=False),
        ),
        migrations.AddField(
            model_name="flag",
            name="version",
            field=models.PositiveIntegerField(default=1, editable=False),
        ),
    ]
