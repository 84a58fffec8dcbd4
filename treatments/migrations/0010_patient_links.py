"""What a link was told for, what patients ask for, and who has the morning e-mail."""

import django.db.models.deletion
from django.db import migrations, models

import treatments.models.fields


class Migration(migrations.Migration):
    dependencies = [
        ("treatments", "0009_contact"),
    ]

    operations = [
        migrations.RemoveField(
            model_name="patientlink",
            name="appointment_version",
        ),
        migrations.AddField(
            model_name="patientlink",
            name="draft",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name="patientlink",
            name="told",
            field=models.CharField(blank=True, max_length=60),
        ),
        migrations.CreateModel(
            name="DigestMail",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("user", models.CharField(max_length=150)),
                ("on", models.DateField()),
                ("claimed_at", models.DateTimeField()),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                ("why_not", models.CharField(blank=True, max_length=200)),
            ],
            options={
                "verbose_name": "morning e-mail",
                "verbose_name_plural": "morning e-mails",
                "ordering": ("-on", "user"),
                "constraints": [models.UniqueConstraint(fields=("user", "on"), name="digest_once_a_day")],
            },
        ),
        migrations.CreateModel(
            name="PatientRequest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "public_id",
                    treatments.models.fields.PublicIdField(
                        default=treatments.models.fields.new_public_id,
                        editable=False,
                        max_length=12,
                        unique=True,
                        verbose_name="request number",
                    ),
                ),
                (
                    "wish",
                    models.CharField(
                        choices=[
                            ("another_time", "Wants another time"),
                            ("cannot_come", "Cannot come"),
                            ("a_time", "Wants a time"),
                            ("call", "Asks us to call"),
                            ("answers", "Answered a safety question with yes or not sure"),
                            ("words", "Wrote to us"),
                        ],
                        max_length=12,
                        verbose_name="what",
                    ),
                ),
                (
                    "way",
                    models.CharField(
                        choices=[
                            ("phone", "Telephone"),
                            ("sms", "Text message"),
                            ("email", "E-mail"),
                            ("link", "Patient's own link"),
                            ("desk", "In person"),
                        ],
                        max_length=8,
                        verbose_name="how",
                    ),
                ),
                ("wished_at", models.DateTimeField(blank=True, null=True, verbose_name="time chosen")),
                ("words", models.TextField(blank=True, verbose_name="in their words")),
                ("phone", models.CharField(blank=True, max_length=20, verbose_name="from")),
                ("at", models.DateTimeField(verbose_name="received")),
                ("handled_by", models.CharField(blank=True, max_length=150, verbose_name="dealt with by")),
                ("handled_at", models.DateTimeField(blank=True, null=True, verbose_name="dealt with")),
                (
                    "appointment",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="requests",
                        to="treatments.appointment",
                        verbose_name="visit",
                    ),
                ),
                (
                    "patient",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="requests",
                        to="treatments.patient",
                        verbose_name="patient",
                    ),
                ),
            ],
            options={
                "verbose_name": "patient's request",
                "verbose_name_plural": "patients' requests",
                "ordering": ("at", "pk"),
                "indexes": [
                    models.Index(condition=models.Q(("handled_at__isnull", True)), fields=["at"], name="request_open"),
                    models.Index(fields=["patient", "-at"], name="request_of_patient"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("handled_at__isnull", True), ("handled_by", "")),
                            models.Q(models.Q(("handled_by", ""), _negated=True), ("handled_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="request_handled_is_whole",
                    )
                ],
            },
        ),
    ]
