from django.apps import AppConfig
from django.conf import settings
from django.core import checks


class AccessConfig(AppConfig):
    name = "cdmo.access"
    label = "access"

    def ready(self):
        from cdmo.access import signals

        signals.connect()
        checks.register(required_roles_exist)


def required_roles_exist(app_configs, **_):
    """Refuse to start with a role that does not exist: it would ask nobody for a second factor."""
    from cdmo.accounts.roles import Role

    unknown = set(settings.MFA_REQUIRED_ROLES) - set(Role.values)
    return [
        checks.Critical(
            f"MFA_REQUIRED_ROLES names {name!r}. Known roles: {', '.join(Role.values)}.",
            id="access.E001",
        )
        for name in sorted(unknown)
    ]
