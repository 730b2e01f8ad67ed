from django.apps import AppConfig


class RecordsConfig(AppConfig):
    name = "cdmo.records"
    label = "records"
