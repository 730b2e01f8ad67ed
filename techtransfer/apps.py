from django.apps import AppConfig


class TechtransferConfig(AppConfig):
    name = "techtransfer"
    label = "techtransfer"
