from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "cdmo.demo"
    label = "demo"
