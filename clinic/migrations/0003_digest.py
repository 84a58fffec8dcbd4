"""Who wants the morning e-mail."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("clinic", "0002_hours"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="wants_digest",
            field=models.BooleanField(
                default=False,
                help_text="Each morning the counts of the day, without any name.",
                verbose_name="morning e-mail",
            ),
        ),
    ]
