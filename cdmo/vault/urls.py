"""Addresses of the vault."""

from django.urls import path

from cdmo.vault import views

app_name = "vault"
urlpatterns = [
    path("identities/", views.IdentityList.as_view(), name="identity_list"),
    path("identities/<str:key>/store/", views.StoreIdentity.as_view(), name="store"),
    path("identities/<str:key>/look-up/", views.LookUp.as_view(), name="look_up"),
]
