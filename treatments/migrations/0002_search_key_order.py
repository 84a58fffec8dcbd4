"""Search reads ranges of keys, so their order must be that of the bytes. SQLite's already is; PostgreSQL's is the locale's."""

from django.db import migrations


def order_by_bytes(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute('ALTER TABLE treatments_searchkey ALTER COLUMN key TYPE varchar(120) COLLATE "C"')


class Migration(migrations.Migration):
    dependencies = [("treatments", "0001_initial")]
    operations = [migrations.RunPython(order_by_bytes, migrations.RunPython.noop)]
