from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "cdmo.portal"
    label = "portal"
