"""Addresses of the incident log."""

from django.urls import path

from cdmo.incidents import views

app_name = "incidents"
urlpatterns = [
    path("incidents/", views.IncidentList.as_view(), name="incident_list"),
    path("incidents/+new/", views.IncidentNew.as_view(), name="incident_new"),
    path("incidents/<str:key>/", views.IncidentPage.as_view(), name="incident"),
    path("incidents/<str:key>/explain/", views.IncidentExplain.as_view(), name="incident_explain"),
    path("incidents/<str:key>/close/", views.IncidentClose.as_view(), name="incident_close"),
]
