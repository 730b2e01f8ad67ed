"""A REST door with two resources, to prove the base apart from any room."""

from django.urls import include, path
from rest_framework import serializers
from rest_framework.routers import SimpleRouter

from cdmo.api.serializers import DecimalText, Input, ReasonField, RecordSerializer
from cdmo.api.views import RecordViewSet, verb
from cdmo.blockers import Blocked, Blocker
from cdmo.portfolio.models import Product
from cdmo.records.acting import service
from cdmo.records.services import record_event
from cdmo.records.signatures import sign


class ProductOut(RecordSerializer):
    class Meta:
        model = Product
        fields = ["code", "name", "sponsor", "modality", "description"]


class NewProduct(Input):
    code = serializers.CharField(max_length=40)
    name = serializers.CharField(max_length=200)
    dose = DecimalText(required=False)


class Rename(Input):
    name = serializers.CharField(max_length=200)
    reason = ReasonField(required=True, allow_blank=False)


class Why(Input):
    refuse = serializers.ListField(child=serializers.CharField(), default=list)


@service
def add(*, code, name, by, at, dose=None):
    product = Product.objects.create(
        code=code, name=name, sponsor=by.organisation, modality="allogeneic"
    )
    record_event(verb="product.add", record=product, by=by, at=at)
    return product


@service
def rename(*, product, name, by, at, reason):
    Product.objects.filter(pk=product.pk).update(name=name)


@service
def approve(*, product, refuse, by, at, proof):
    sign(record=product, verb="approve", meaning="approved", by=by, at=at, proof=proof, content={})
    if refuse:
        raise Blocked([Blocker(code, f"Because of {code}.", record=product) for code in refuse])
    return product


class ProductViewSet(RecordViewSet):
    model = Product
    serializer_class = ProductOut
    select = ("sponsor",)
    filterset_fields = ("modality",)
    search_fields = ("code", "name")
    ordering_fields = ("id", "code", "name")
    create_input = NewProduct
    update_input = Rename

    def create_record(self, *, data, by, at):
        return add(by=by, at=at, **data)

    def update_record(self, record, *, data, by, at):
        return rename(product=record, by=by, at=at, **data)

    @verb(input=Why, signed=True)
    def approve(self, record, *, data, by, at, proof):
        return approve(product=record, by=by, at=at, proof=proof, **data)


router = SimpleRouter()
router.register("products", ProductViewSet, basename="product")
urlpatterns = [path("api/v1/", include((router.urls, "api")))]
