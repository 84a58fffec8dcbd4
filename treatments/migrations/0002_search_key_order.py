from django.db import migrations


def sort_by_code_point(apps, schema_editor):
    """Search reads a range of keys. A server of another language than C would sort its upper end into the middle."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute('ALTER TABLE treatments_searchkey ALTER COLUMN key TYPE varchar(120) COLLATE "C"')


class Migration(migrations.Migration):
    dependencies = [("treatments", "0001_initial")]
    operations = [migrations.RunPython(sort_by_code_point, migrations.RunPython.noop)]
