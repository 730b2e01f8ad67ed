from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "cdmo.web"
    label = "web"
