"""Nothing answers without a person; sponsors' people and read-only tokens only read."""

from django.conf import settings
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import SAFE_METHODS, BasePermission


class SignedInAndMayWrite(BasePermission):
    def has_permission(self, request, view):
        user = request.user
        if not (user and user.is_authenticated and user.is_active):
            return False
        if request.method in SAFE_METHODS:
            return True
        if getattr(request.auth, "read_only", False):
            raise PermissionDenied("This token is read-only.")
        if getattr(request._request, "isolated", False):
            raise PermissionDenied("Sponsors look through a read-only portal.")
        return True


class DocumentationReaders(BasePermission):
    """The OpenAPI document and its page: signed-in people, or everybody if so configured."""

    def has_permission(self, request, view):
        return settings.API_DOCS_PUBLIC or bool(request.user and request.user.is_authenticated)
