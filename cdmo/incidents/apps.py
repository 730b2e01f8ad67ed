from django.apps import AppConfig


class IncidentsConfig(AppConfig):
    name = "cdmo.incidents"
    label = "incidents"
