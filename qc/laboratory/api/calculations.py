"""REST: calculations by name. Nothing is stored; the same functions serve pages and checks."""

from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.response import Response
from rest_framework.views import APIView

from qc.calculations.registry import BadInput, calculations


class CalculationSerializer(serializers.Serializer):
    name = serializers.CharField()
    version = serializers.CharField()
    formula = serializers.CharField()
    source = serializers.CharField()
    inputs = serializers.JSONField()
    example = serializers.JSONField()


class CalculationsSerializer(serializers.Serializer):
    results = CalculationSerializer(many=True)
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


class CalculationList(APIView):
    """All calculations, each with formula, source, inputs and an example that computes."""

    @extend_schema(responses=CalculationsSerializer, operation_id="calculations_list")
    def get(self, request):
        found = [calculation.as_json() for calculation in calculations().values()]
        return Response({"results": found, "next": None, "previous": None})


class CalculationByName(APIView):
    """One calculation: GET describes it, POST computes it."""

    def calculation(self, name):
        found = calculations().get(name)
        if found is None:
            raise NotFound(f"There is no calculation “{name[:60]}”.")
        return found

    @extend_schema(responses=CalculationSerializer, operation_id="calculations_retrieve")
    def get(self, request, name):
        return Response(self.calculation(name).as_json())

    @extend_schema(
        request=OpenApiTypes.OBJECT,
        responses=OpenApiTypes.OBJECT,
        operation_id="calculations_compute",
    )
    def post(self, request, name):
        calculation = self.calculation(name)
        try:
            return Response(calculation(request.data))
        except BadInput as error:
            detail = serializers.ErrorDetail(error.message, code=error.code)
            raise serializers.ValidationError({error.field: [detail]}) from None


urlpatterns = [
    path("calculations/", CalculationList.as_view(), name="calculation-list"),
    path("calculations/<str:name>/", CalculationByName.as_view(), name="calculation-detail"),
]
