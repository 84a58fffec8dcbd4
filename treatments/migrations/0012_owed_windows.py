"""Which version of the settings the windows still have to follow."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("treatments", "0011_call_list"),
    ]

    operations = [
        migrations.AddField(
            model_name="clinicsettings",
            name="owed_version",
            field=models.PositiveIntegerField(default=0, editable=False),
        ),
    ]
