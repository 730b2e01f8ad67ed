"""OpenAPI details that drf-spectacular cannot guess: POST and PATCH bodies, problem answers."""

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import get_doc


class Schema(AutoSchema):
    def get_description(self):
        """Leave out what a base class tells developers: a resource has its own words, or none."""
        description, viewset = super().get_description(), type(self.view)
        inherited = viewset.__doc__ is None and description == get_doc(viewset)
        return "" if inherited else description

    def get_request_serializer(self):
        view, name = self.view, getattr(self.view, "action", None)
        if name == "create" and getattr(view, "create_input", None):
            return view.create_input
        if name == "partial_update" and getattr(view, "update_input", None):
            return view.update_input
        return super().get_request_serializer()

    def get_operation(self, path, path_regex, path_prefix, method, registry):
        view = self.view
        creates = method == "POST" and getattr(view, "action", "") == "create"
        if creates and getattr(view, "create_input", True) is None:
            return None
        if method == "PATCH" and getattr(view, "update_input", True) is None:
            return None
        operation = super().get_operation(path, path_regex, path_prefix, method, registry)
        if operation:
            problem = {
                "description": "A problem (RFC 9457).",
                "content": {"application/problem+json": {"schema": {"type": "object"}}},
            }
            codes = ["401", "403", "404"] if method == "GET" else ["400", "401", "403", "404"]
            if method != "GET":
                codes += ["409", "412", "422"]
            for code in codes:
                operation["responses"].setdefault(code, problem)
        return operation
