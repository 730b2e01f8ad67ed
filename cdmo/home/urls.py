"""The page of `/`."""

from django.urls import path

from cdmo.home.views import Home

urlpatterns = [path("", Home.as_view(), name="home")]
