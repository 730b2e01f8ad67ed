from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "cdmo.api"
    label = "api"
