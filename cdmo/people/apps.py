from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "cdmo.people"
    label = "people"
