"""Contact plans, messages and attempts; what a course remembers of them; observations of the effect."""

import django.core.serializers.json
import django.db.models.deletion
from django.db import migrations, models

import treatments.models.fields


class Migration(migrations.Migration):
    dependencies = [
        ("treatments", "0008_earlier_wish_name"),
    ]

    operations = [
        migrations.CreateModel(
            name="ClinicSettings",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "telephone",
                    treatments.models.fields.PhoneField(
                        blank=True, max_length=20, verbose_name="telephone for patients"
                    ),
                ),
                (
                    "learned_duration",
                    models.CharField(
                        choices=[
                            ("off", "Off"),
                            ("suggest", "Suggest: shown beside the usual window, which rules"),
                            ("apply", "Apply: the patient's own experience sets the window"),
                        ],
                        default="suggest",
                        max_length=7,
                        verbose_name="how long the effect lasts, learned from each patient",
                    ),
                ),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
            ],
            options={
                "verbose_name": "clinic settings",
                "verbose_name_plural": "clinic settings",
            },
        ),
        migrations.CreateModel(
            name="ClosedMonth",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("report", models.SlugField(max_length=40, verbose_name="report")),
                ("month", models.DateField(verbose_name="month")),
                (
                    "figures",
                    models.JSONField(encoder=django.core.serializers.json.DjangoJSONEncoder, verbose_name="figures"),
                ),
                ("closed_at", models.DateTimeField(verbose_name="closed")),
            ],
            options={
                "verbose_name": "closed month",
                "verbose_name_plural": "closed months",
                "ordering": ("-month", "report"),
            },
        ),
        migrations.CreateModel(
            name="ContactAttempt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("cycle_on", models.DateField(blank=True, null=True, verbose_name="cycle since")),
                ("at", models.DateTimeField(verbose_name="when")),
                ("by", models.CharField(max_length=150, verbose_name="who")),
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
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("no_answer", "No answer"),
                            ("left_message", "Left message"),
                            ("will_call", "Will call us"),
                            ("not_now", "Not now"),
                            ("stop", "Stop reminders"),
                            ("wrong_number", "Wrong number"),
                        ],
                        max_length=12,
                        verbose_name="outcome",
                    ),
                ),
                ("reason", treatments.models.fields.PlainCharField(blank=True, max_length=200, verbose_name="reason")),
                ("snoozed_until", models.DateField(blank=True, null=True, verbose_name="back on the list on")),
                ("undone_by", models.CharField(blank=True, max_length=150, verbose_name="taken back by")),
                ("undone_at", models.DateTimeField(blank=True, null=True, verbose_name="taken back")),
            ],
            options={
                "verbose_name": "contact",
                "verbose_name_plural": "contacts",
                "ordering": ("-at", "-pk"),
            },
        ),
        migrations.CreateModel(
            name="ContactPlan",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.SlugField(max_length=40, unique=True, verbose_name="code")),
                ("name", models.CharField(max_length=80, verbose_name="name")),
                ("is_usual", models.BooleanField(default=False, verbose_name="the usual plan")),
                ("is_active", models.BooleanField(default=True, verbose_name="sends reminders")),
                ("quiet_from", models.TimeField(verbose_name="quiet from")),
                ("quiet_until", models.TimeField(verbose_name="quiet until")),
                (
                    "cap_days",
                    models.PositiveSmallIntegerField(default=14, verbose_name="one message per patient within days"),
                ),
                ("most_per_cycle", models.PositiveSmallIntegerField(default=4, verbose_name="most messages per cycle")),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
            ],
            options={
                "verbose_name": "contact plan",
                "verbose_name_plural": "contact plans",
                "ordering": ("name", "pk"),
            },
        ),
        migrations.CreateModel(
            name="ContactStep",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.SlugField(max_length=20, verbose_name="code")),
                (
                    "anchor",
                    models.CharField(
                        choices=[("due_from", "the window opens"), ("due_until", "the window closes")],
                        max_length=10,
                        verbose_name="counted from the day on which",
                    ),
                ),
                (
                    "offset_days",
                    models.SmallIntegerField(help_text="Below zero: before it.", verbose_name="days after it"),
                ),
                ("channels", models.JSONField(default=list, verbose_name="ways, the first one that is possible")),
                ("is_active", models.BooleanField(default=True, verbose_name="in use")),
            ],
            options={
                "verbose_name": "contact step",
                "verbose_name_plural": "contact steps",
                "ordering": ("plan", "anchor", "offset_days", "pk"),
            },
        ),
        migrations.CreateModel(
            name="Message",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "public_id",
                    treatments.models.fields.PublicIdField(
                        default=treatments.models.fields.new_public_id,
                        editable=False,
                        max_length=12,
                        unique=True,
                        verbose_name="message number",
                    ),
                ),
                ("key", models.CharField(editable=False, max_length=120, unique=True)),
                ("kind", models.SlugField(max_length=20, verbose_name="about")),
                ("text_code", models.SlugField(max_length=20, verbose_name="text")),
                ("channel", models.SlugField(blank=True, max_length=20, verbose_name="way")),
                ("address", models.CharField(blank=True, max_length=254, verbose_name="to")),
                ("subject", models.CharField(blank=True, max_length=200, verbose_name="subject")),
                ("body", models.TextField(blank=True, verbose_name="text")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("claimed", "Being sent"),
                            ("sent", "Sent"),
                            ("failed", "Failed"),
                            ("uncertain", "Uncertain"),
                            ("dropped", "Not sent"),
                        ],
                        default="waiting",
                        max_length=9,
                        verbose_name="state",
                    ),
                ),
                ("why", models.CharField(blank=True, max_length=200, verbose_name="why")),
                ("made_by", models.CharField(max_length=150, verbose_name="made by")),
                ("made_at", models.DateTimeField(verbose_name="made")),
                ("not_before_at", models.DateTimeField(verbose_name="not before")),
                ("too_late_at", models.DateTimeField(blank=True, null=True, verbose_name="too late from")),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="attempts")),
                ("claimed_by", models.CharField(blank=True, max_length=80)),
                ("claimed_at", models.DateTimeField(blank=True, null=True)),
                ("sent_at", models.DateTimeField(blank=True, null=True, verbose_name="sent")),
                (
                    "provider_ref",
                    models.CharField(blank=True, db_index=True, max_length=120, verbose_name="provider's number"),
                ),
                ("delivery", models.CharField(blank=True, max_length=20, verbose_name="delivery")),
                ("delivery_at", models.DateTimeField(blank=True, null=True, verbose_name="delivery told")),
            ],
            options={
                "verbose_name": "message",
                "verbose_name_plural": "messages",
                "ordering": ("-made_at", "-pk"),
            },
        ),
        migrations.CreateModel(
            name="MessageText",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.SlugField(max_length=20, unique=True, verbose_name="code")),
                ("name", models.CharField(max_length=80, verbose_name="name")),
                ("sms", treatments.models.fields.PlainTextField(blank=True, verbose_name="text message")),
                (
                    "subject",
                    treatments.models.fields.PlainCharField(blank=True, max_length=120, verbose_name="e-mail subject"),
                ),
                ("email", treatments.models.fields.PlainTextField(blank=True, verbose_name="e-mail")),
                ("shipped", models.CharField(blank=True, editable=False, max_length=64)),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
            ],
            options={
                "verbose_name": "message text",
                "verbose_name_plural": "message texts",
                "ordering": ("code",),
            },
        ),
        migrations.CreateModel(
            name="PatientLink",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("token", models.CharField(editable=False, max_length=43, unique=True)),
                ("purpose", models.SlugField(max_length=10)),
                ("appointment_version", models.PositiveIntegerField(blank=True, null=True)),
                ("made_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField(db_index=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("failed_tries", models.PositiveSmallIntegerField(default=0)),
            ],
            options={
                "verbose_name": "patient link",
                "verbose_name_plural": "patient links",
                "ordering": ("-made_at", "-pk"),
            },
        ),
        migrations.CreateModel(
            name="Reminder",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("cycle_on", models.DateField(verbose_name="cycle since")),
            ],
            options={
                "verbose_name": "reminder",
                "verbose_name_plural": "reminders",
                "ordering": ("pk",),
            },
        ),
        migrations.CreateModel(
            name="ReminderRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("on", models.DateField(verbose_name="day")),
                ("by", models.CharField(max_length=150, verbose_name="who")),
                ("started_at", models.DateTimeField(verbose_name="started")),
                ("finished_at", models.DateTimeField(blank=True, null=True, verbose_name="finished")),
                ("counts", models.JSONField(default=dict, verbose_name="balance")),
            ],
            options={
                "verbose_name": "reminder run",
                "verbose_name_plural": "reminder runs",
                "ordering": ("-started_at", "-pk"),
            },
        ),
        migrations.AddField(
            model_name="appointment",
            name="replied_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="said"),
        ),
        migrations.AddField(
            model_name="appointment",
            name="reply",
            field=models.CharField(
                blank=True,
                choices=[
                    ("", "No answer yet"),
                    ("coming", "Is coming"),
                    ("not_coming", "Cannot come"),
                    ("another_time", "Wants another time"),
                ],
                max_length=12,
                verbose_name="the patient says",
            ),
        ),
        migrations.AddField(
            model_name="course",
            name="blocked_until",
            field=models.DateField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="course",
            name="booked_until",
            field=models.DateField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="course",
            name="call_rank",
            field=models.PositiveSmallIntegerField(default=3, editable=False),
        ),
        migrations.AddField(
            model_name="course",
            name="closed_on",
            field=models.DateField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="course",
            name="computed_from",
            field=models.DateField(null=True, verbose_name="due from, computed"),
        ),
        migrations.AddField(
            model_name="course",
            name="computed_until",
            field=models.DateField(null=True, verbose_name="due until, computed"),
        ),
        migrations.AddField(
            model_name="course",
            name="duration_mode",
            field=models.CharField(
                blank=True,
                choices=[("", ""), ("off", "off"), ("pinned", "pinned")],
                max_length=6,
                verbose_name="learned duration",
            ),
        ),
        migrations.AddField(
            model_name="course",
            name="held_until",
            field=models.DateField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="course",
            name="learned",
            field=models.JSONField(blank=True, default=dict, verbose_name="learned duration"),
        ),
        migrations.AddField(
            model_name="course",
            name="opted_out",
            field=models.BooleanField(default=False, editable=False),
        ),
        migrations.AddField(
            model_name="course",
            name="pinned_high_days",
            field=models.PositiveSmallIntegerField(
                blank=True, null=True, verbose_name="pinned: window closes after days"
            ),
        ),
        migrations.AddField(
            model_name="course",
            name="pinned_low_days",
            field=models.PositiveSmallIntegerField(
                blank=True, null=True, verbose_name="pinned: window opens after days"
            ),
        ),
        migrations.AddField(
            model_name="course",
            name="rebook_since",
            field=models.DateField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="course",
            name="set_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="set"),
        ),
        migrations.AddField(
            model_name="course",
            name="set_by",
            field=models.CharField(blank=True, max_length=150, verbose_name="set by"),
        ),
        migrations.AddField(
            model_name="course",
            name="set_cycle_on",
            field=models.DateField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="course",
            name="set_from",
            field=models.DateField(blank=True, null=True, verbose_name="due from, set by hand"),
        ),
        migrations.AddField(
            model_name="course",
            name="set_reason",
            field=treatments.models.fields.PlainCharField(blank=True, max_length=200, verbose_name="why it was set"),
        ),
        migrations.AddField(
            model_name="course",
            name="set_until",
            field=models.DateField(blank=True, null=True, verbose_name="due until, set by hand"),
        ),
        migrations.AddField(
            model_name="course",
            name="snoozed_until",
            field=models.DateField(blank=True, null=True, verbose_name="back on the list on"),
        ),
        migrations.AddField(
            model_name="coursetreatment",
            name="seen_gone_on",
            field=models.DateField(blank=True, null=True, verbose_name="effect seen gone on"),
        ),
        migrations.AddField(
            model_name="coursetreatment",
            name="still_working_on",
            field=models.DateField(blank=True, null=True, verbose_name="effect still there on"),
        ),
        migrations.AddConstraint(
            model_name="course",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("set_at__isnull", True),
                        ("set_by", ""),
                        ("set_from__isnull", True),
                        ("set_until__isnull", True),
                    ),
                    models.Q(
                        ("set_at__isnull", False),
                        ("set_from__isnull", False),
                        ("set_until__gte", models.F("set_from")),
                        ("set_until__isnull", False),
                        models.Q(("set_by", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="course_set_date_is_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="course",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("duration_mode", "pinned"), _negated=True),
                    models.Q(
                        ("pinned_high_days__gte", models.F("pinned_low_days")),
                        ("pinned_high_days__isnull", False),
                        ("pinned_low_days__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="course_pinned_is_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="closedmonth",
            constraint=models.UniqueConstraint(fields=("report", "month"), name="month_closed_once"),
        ),
        migrations.AddField(
            model_name="contactattempt",
            name="course",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="attempts", to="treatments.course"
            ),
        ),
        migrations.AddConstraint(
            model_name="contactplan",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_usual", True)), fields=("is_usual",), name="one_usual_contact_plan"
            ),
        ),
        migrations.AddConstraint(
            model_name="contactplan",
            constraint=models.CheckConstraint(
                condition=models.Q(("quiet_from", models.F("quiet_until")), _negated=True), name="quiet_hours_end"
            ),
        ),
        migrations.AddField(
            model_name="indication",
            name="contact_plan",
            field=models.ForeignKey(
                blank=True,
                help_text="None: the usual one.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="indications",
                to="treatments.contactplan",
                verbose_name="contact plan",
            ),
        ),
        migrations.AddField(
            model_name="contactstep",
            name="plan",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="steps",
                to="treatments.contactplan",
                verbose_name="plan",
            ),
        ),
        migrations.AddField(
            model_name="message",
            name="appointment",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="messages",
                to="treatments.appointment",
                verbose_name="visit",
            ),
        ),
        migrations.AddField(
            model_name="message",
            name="patient",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="messages",
                to="treatments.patient",
                verbose_name="patient",
            ),
        ),
        migrations.AddField(
            model_name="contactstep",
            name="text",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="steps",
                to="treatments.messagetext",
                verbose_name="text",
            ),
        ),
        migrations.AddField(
            model_name="patientlink",
            name="appointment",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="links",
                to="treatments.appointment",
            ),
        ),
        migrations.AddField(
            model_name="patientlink",
            name="patient",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="links", to="treatments.patient"
            ),
        ),
        migrations.AddField(
            model_name="reminder",
            name="course",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="reminders", to="treatments.course"
            ),
        ),
        migrations.AddField(
            model_name="reminder",
            name="message",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="reminders", to="treatments.message"
            ),
        ),
        migrations.AddField(
            model_name="reminder",
            name="step",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="treatments.contactstep"
            ),
        ),
        migrations.AddIndex(
            model_name="reminderrun",
            index=models.Index(fields=["on"], name="reminder_run_day"),
        ),
        migrations.AddField(
            model_name="message",
            name="run",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="messages",
                to="treatments.reminderrun",
            ),
        ),
        migrations.AddIndex(
            model_name="contactattempt",
            index=models.Index(fields=["course", "-at"], name="contact_of_course"),
        ),
        migrations.AddConstraint(
            model_name="contactstep",
            constraint=models.UniqueConstraint(fields=("plan", "code"), name="contact_step_once_per_plan"),
        ),
        migrations.AddConstraint(
            model_name="contactstep",
            constraint=models.CheckConstraint(
                condition=models.Q(("offset_days__gte", -366), ("offset_days__lte", 366)),
                name="contact_step_within_a_year",
            ),
        ),
        migrations.AddIndex(
            model_name="patientlink",
            index=models.Index(fields=["patient", "purpose"], name="link_of_patient"),
        ),
        migrations.AddConstraint(
            model_name="reminder",
            constraint=models.UniqueConstraint(fields=("course", "cycle_on", "step"), name="reminder_once_per_step"),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(fields=["patient", "-sent_at"], name="message_of_patient"),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                condition=models.Q(("state", "waiting")), fields=["not_before_at", "id"], name="message_waiting"
            ),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(condition=models.Q(("state", "claimed")), fields=["claimed_at"], name="message_claimed"),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                condition=models.Q(("state__in", ["failed", "uncertain"])),
                fields=["made_at"],
                name="message_for_a_person",
            ),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "sent"), _negated=True), ("sent_at__isnull", False), _connector="OR"
                ),
                name="message_sent_has_its_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "claimed"), _negated=True),
                    models.Q(("claimed_at__isnull", False), models.Q(("claimed_by", ""), _negated=True)),
                    _connector="OR",
                ),
                name="message_claimed_by_somebody",
            ),
        ),
    ]
