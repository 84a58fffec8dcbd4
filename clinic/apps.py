from functools import lru_cache

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import Tags, register
from django.db.models.signals import post_migrate, pre_migrate
from django.utils.translation import trans_real

from clinic import checks, guards


class ClinicConfig(AppConfig):
    name = "clinic"
    verbose_name = "Clinic"

    def ready(self) -> None:
        for (
            language,
            _name,
        ) in settings.LANGUAGES:  # asked hundreds of times a page, through one catalogue after the other
            words = trans_real.translation(language)
            words.gettext = lru_cache(maxsize=4096)(words.gettext)  # type: ignore[method-assign]
        checks.refuse_weak_sqlite(settings.DATABASES["default"])
        register(checks.guards_stand, Tags.database)
        # Django's own hooks around a migration, the one place for them: it may make tables anew and lose triggers.
        pre_migrate.connect(guards.before_migrate, sender=self)
        post_migrate.connect(guards.after_migrate, sender=self)
