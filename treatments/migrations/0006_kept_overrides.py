from django.db import migrations


def keep_overrides(apps, schema_editor):
    """The decisions that stand on visits, as rows of their own."""
    visits = (
        apps.get_model("treatments", "Appointment").objects.exclude(override_by="").filter(override_at__isnull=False)
    )
    kept = apps.get_model("treatments", "VisitOverride")
    kept.objects.bulk_create(
        kept(
            appointment=visit,
            on=visit.on,
            by=visit.override_by,
            at=visit.override_at,
            reason=visit.override_reason,
            words=visit.override_words,
            rules=visit.override_codes,
        )
        for visit in visits
    )


class Migration(migrations.Migration):
    dependencies = [("treatments", "0005_lot_key")]
    operations = [migrations.RunPython(keep_overrides, migrations.RunPython.noop)]
