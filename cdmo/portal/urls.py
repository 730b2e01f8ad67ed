"""The sponsor's pages."""

from django.urls import path

from cdmo.portal import views

app_name = "portal"
urlpatterns = [
    path("", views.Home.as_view(), name="home"),
]
