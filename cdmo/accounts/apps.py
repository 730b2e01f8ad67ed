from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    name = "cdmo.accounts"
    label = "accounts"

    def ready(self):
        from cdmo.accounts.isolation import apply_after_migrate

        # Policies follow the models, so they are renewed after every migrate, in one place.
        post_migrate.connect(apply_after_migrate, dispatch_uid="cdmo.isolation")
