from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("treatments", "0007_versions")]
    operations = [
        migrations.AlterModelOptions(
            name="earlierwish",
            options={
                "ordering": ("asked_at", "pk"),
                "verbose_name": "wish for an earlier time",
                "verbose_name_plural": "wishes for an earlier time",
            },
        ),
    ]
