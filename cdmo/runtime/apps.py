from django.apps import AppConfig


class RuntimeConfig(AppConfig):
    name = "cdmo.runtime"
    label = "runtime"
