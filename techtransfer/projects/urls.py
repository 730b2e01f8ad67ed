"""Addresses of the transfers' pages."""

from django.urls import path

from techtransfer.projects import views

app_name = "techtransfer"
GATE = "transfers/<str:key>/gates/<str:gate>/"
urlpatterns = [
    path("transfers/", views.TransferList.as_view(), name="transfer_list"),
    path("transfers/+new/", views.TransferNew.as_view(), name="transfer_new"),
    path("transfers/<str:key>/", views.TransferPage.as_view(), name="transfer"),
    path("transfers/<str:key>/change/", views.TransferChange.as_view(), name="transfer_change"),
    path(f"{GATE}decide/", views.GateDecide.as_view(), name="gate_decide"),
    path(f"{GATE}reopen/", views.GateReopen.as_view(), name="gate_reopen"),
    path(f"{GATE}plan/", views.GatePlan.as_view(), name="gate_plan"),
    path(
        f"{GATE}conditions/<int:condition>/met/",
        views.ConditionMet.as_view(),
        name="condition_met",
    ),
]
