"""REST: organisations, sites, agreements, products, processes, process versions."""

from rest_framework import serializers

from cdmo.accounts.models import Organisation, Site, known_timezone
from cdmo.api.serializers import Input, KeyField, ReasonField, RecordSerializer
from cdmo.api.views import RecordViewSet, verb
from cdmo.portfolio import services
from cdmo.portfolio.models import Agreement, Process, ProcessVersion, Product, ScopeItem
from cdmo.portfolio.states import AgreementKind, ScopeStatus, Work


class CodeField(serializers.RegexField):
    """A human key: it stands in addresses and file names, so it is kept plain."""

    default_error_messages = {
        "invalid": "A code has letters, digits, points and dashes only, like ASTRORX-2."
    }

    def __init__(self, **options):
        options.setdefault("max_length", 40)
        super().__init__(r"\A[A-Za-z0-9][A-Za-z0-9._-]*\Z", **options)


class OrganisationSerializer(RecordSerializer):
    roles = serializers.ListField(child=serializers.CharField(), read_only=True)

    class Meta:
        model = Organisation
        fields = ["code", "name", "roles", "country", "illustrative"]


class NewOrganisation(Input):
    code = CodeField()
    name = serializers.CharField(max_length=200)
    roles = serializers.ListField(
        child=serializers.ChoiceField(Organisation.Kind.choices), min_length=1
    )
    country = serializers.RegexField(r"\A[A-Z]{2}\Z", required=False, default="", allow_blank=True)
    note = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")


class OrganisationViewSet(RecordViewSet):
    """Sponsors, the CDMO, suppliers, laboratories. A sponsor sees itself and its partners here."""

    model = Organisation
    serializer_class = OrganisationSerializer
    search_fields = ("code", "name")
    ordering_fields = ("id", "code", "name")
    create_input = NewOrganisation

    def shown_to_sponsors(self, user):
        return True  # row-level security leaves its own and the CDMO

    def create_record(self, *, data, by, at):
        return services.create_organisation(by=by, at=at, **data)


class SiteSerializer(RecordSerializer):
    class Meta:
        model = Site
        fields = ["code", "name", "organisation", "timezone", "capacity_note", "illustrative"]


class NewSite(Input):
    code = CodeField()
    name = serializers.CharField(max_length=200)
    organisation = KeyField(model=Organisation)
    timezone = serializers.CharField(max_length=60, default="UTC", validators=[known_timezone])
    capacity_note = serializers.CharField(max_length=400, default="", allow_blank=True)


class SiteViewSet(RecordViewSet):
    model = Site
    serializer_class = SiteSerializer
    select = ("organisation",)
    search_fields = ("code", "name")
    ordering_fields = ("id", "code")
    create_input = NewSite

    def shown_to_sponsors(self, user):
        return True  # row-level security leaves the sites of what it may see

    def create_record(self, *, data, by, at):
        return services.create_site(by=by, at=at, **data)


class ScopeItemSerializer(RecordSerializer):
    class Meta:
        model = ScopeItem
        fields = ["id", "item", "work", "product", "status"]


class AgreementSerializer(RecordSerializer):
    scope = ScopeItemSerializer(many=True, read_only=True)

    class Meta:
        model = Agreement
        fields = [
            "number",
            "title",
            "sponsor",
            "kind",
            "status",
            "valid_from",
            "valid_until",
            "signed_at",
            "terminated_at",
            "source",
            "illustrative",
            "scope",
        ]


class NewScopeItem(Input):
    item = serializers.CharField(max_length=200)
    work = serializers.ChoiceField(
        Work.choices,
        required=False,
        help_text="What the item covers; read off the item when it is one of these words.",
    )
    product = KeyField(model=Product, required=False, allow_null=True)
    status = serializers.ChoiceField(ScopeStatus.choices, required=False)


class Validity(Input):
    def validate(self, data):
        start, end = data.get("valid_from"), data.get("valid_until")
        if start and end and end < start:
            raise serializers.ValidationError({"valid_until": "It would end before it starts."})
        return data


class NewAgreement(Validity):
    number = CodeField(required=False, default="", allow_blank=True)
    title = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    sponsor = KeyField(model=Organisation)
    kind = serializers.ChoiceField(AgreementKind.choices)
    valid_from = serializers.DateField()
    valid_until = serializers.DateField(required=False, allow_null=True, default=None)
    scope = NewScopeItem(many=True, required=False, default=list)
    source = serializers.CharField(max_length=400, required=False, allow_blank=True, default="")


class AmendAgreement(Validity):
    title = serializers.CharField(max_length=200, required=False, allow_blank=True)
    valid_from = serializers.DateField(required=False)
    valid_until = serializers.DateField(required=False, allow_null=True)
    source = serializers.CharField(max_length=400, required=False, allow_blank=True)
    reason = ReasonField()


class OptionInput(Input):
    id = serializers.IntegerField(help_text="The scope item, as in `scope`.", min_value=1)
    reason = ReasonField()


class AgreementViewSet(RecordViewSet):
    model = Agreement
    serializer_class = AgreementSerializer
    select = ("sponsor",)
    prefetch = ("scope__product",)
    filterset_fields = {"kind": ["exact"], "status": ["exact"], "sponsor": ["exact"]}
    search_fields = ("number", "title")
    ordering_fields = ("id", "number", "valid_from", "valid_until")
    create_input = NewAgreement
    update_input = AmendAgreement

    def create_record(self, *, data, by, at):
        return services.write_agreement(by=by, at=at, **data)

    def update_record(self, record, *, data, by, at):
        merged = {"valid_from": record.valid_from, "valid_until": record.valid_until} | data
        if merged["valid_until"] and merged["valid_until"] < merged["valid_from"]:
            raise serializers.ValidationError({"valid_until": "It would end before it starts."})
        return services.amend_agreement(agreement=record, by=by, at=at, **data)

    @verb(signed=True)
    def sign(self, record, *, data, by, at, proof):
        return services.sign_agreement(agreement=record, by=by, at=at, proof=proof, **data)

    @verb(signed=True)
    def terminate(self, record, *, data, by, at, proof):
        return services.terminate_agreement(agreement=record, by=by, at=at, proof=proof, **data)

    @verb(input=OptionInput, signed=True)
    def exercise_option(self, record, *, data, by, at, proof):
        item = self.scope_item(record, data.pop("id"))
        services.exercise_option(scope_item=item, by=by, at=at, proof=proof, **data)

    @verb(input=OptionInput, signed=True)
    def decline_option(self, record, *, data, by, at, proof):
        item = self.scope_item(record, data.pop("id"))
        services.decline_option(scope_item=item, by=by, at=at, proof=proof, **data)

    def scope_item(self, record, pk):
        found = next((item for item in record.scope.all() if item.pk == pk), None)
        if found is None:
            raise serializers.ValidationError({"id": f"{record.number} has no scope item {pk}."})
        return found


class ProductSerializer(RecordSerializer):
    class Meta:
        model = Product
        fields = [
            "code",
            "name",
            "sponsor",
            "modality",
            "gene_modified",
            "route",
            "description",
            "family",
            "shelf_life_minutes",
            "allows_conditional_release",
            "claim_status",
            "claim_text",
            "claim_source",
            "claim_date",
            "source",
            "illustrative",
        ]


class ProductFacts(Input):
    """What may be said of a product; a claim about outcome needs status, source and date."""

    gene_modified = serializers.BooleanField(required=False)
    route = serializers.CharField(max_length=40, required=False, allow_blank=True)
    description = serializers.CharField(max_length=4000, required=False, allow_blank=True)
    family = serializers.CharField(max_length=60, required=False, allow_blank=True)
    shelf_life_minutes = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=2_000_000_000
    )
    allows_conditional_release = serializers.BooleanField(required=False)
    claim_status = serializers.ChoiceField(Product.ClaimStatus.choices, required=False)
    claim_text = serializers.CharField(max_length=4000, required=False, allow_blank=True)
    claim_source = serializers.CharField(max_length=200, required=False, allow_blank=True)
    claim_date = serializers.DateField(required=False, allow_null=True)
    source = serializers.CharField(max_length=400, required=False, allow_blank=True)


class NewProduct(ProductFacts):
    code = CodeField()
    name = serializers.CharField(max_length=200)
    sponsor = KeyField(model=Organisation)
    modality = serializers.ChoiceField(Product.Modality.choices)


class ChangeProduct(ProductFacts):
    name = serializers.CharField(max_length=200, required=False)
    reason = ReasonField()


class ProductViewSet(RecordViewSet):
    model = Product
    serializer_class = ProductSerializer
    select = ("sponsor",)
    filterset_fields = {
        "modality": ["exact"],
        "gene_modified": ["exact"],
        "sponsor": ["exact"],
    }
    search_fields = ("code", "name")
    ordering_fields = ("id", "code", "name")
    create_input = NewProduct
    update_input = ChangeProduct

    def create_record(self, *, data, by, at):
        return services.create_product(by=by, at=at, **data)

    def update_record(self, record, *, data, by, at):
        return services.change_product(product=record, by=by, at=at, **data)


class ProcessSerializer(RecordSerializer):
    class Meta:
        model = Process
        fields = ["code", "name", "product", "sponsor"]


class NewProcess(Input):
    code = CodeField()
    name = serializers.CharField(max_length=200)
    product = KeyField(model=Product)


class ProcessViewSet(RecordViewSet):
    model = Process
    serializer_class = ProcessSerializer
    select = ("product", "sponsor")
    filterset_fields = {"product": ["exact"], "sponsor": ["exact"]}
    search_fields = ("code", "name")
    ordering_fields = ("id", "code")
    create_input = NewProcess

    def create_record(self, *, data, by, at):
        return services.create_process(by=by, at=at, **data)


class ProcessVersionSerializer(RecordSerializer):
    class Meta:
        model = ProcessVersion
        fields = [
            "code",
            "process",
            "product",
            "sponsor",
            "version",
            "site",
            "status",
            "description",
            "illustrative",
        ]


class NewProcessVersion(Input):
    code = CodeField(max_length=60, required=False, default="", allow_blank=True)
    process = KeyField(model=Process, required=False)
    product = KeyField(
        model=Product, required=False, help_text="Instead of the process, if it has only one."
    )
    version = serializers.IntegerField(required=False, min_value=1, max_value=2_000_000_000)
    site = KeyField(model=Site)
    description = serializers.CharField(
        max_length=4000, required=False, allow_blank=True, default=""
    )

    def validate(self, data):
        product = data.pop("product", None)
        if "process" in data:
            if product is not None and data["process"].product_id != product.pk:
                raise serializers.ValidationError(
                    {"process": f"{data['process'].code} is not a process of {product.code}."}
                )
            return data
        if product is None:
            raise serializers.ValidationError({"process": "Name the process."}, code="required")
        processes = list(product.processes.all()[:2])
        if len(processes) != 1:
            raise serializers.ValidationError(
                {"process": f"{product.code} has not exactly one process; name it."},
                code="required",
            )
        data["process"] = processes[0]
        return data


class ProcessVersionViewSet(RecordViewSet):
    model = ProcessVersion
    serializer_class = ProcessVersionSerializer
    select = ("process", "product", "sponsor", "site")
    filterset_fields = {
        "status": ["exact"],
        "product": ["exact"],
        "process": ["exact"],
        "site": ["exact"],
    }
    search_fields = ("code",)
    ordering_fields = ("id", "code", "version")
    create_input = NewProcessVersion

    def create_record(self, *, data, by, at):
        return services.write_process_version(by=by, at=at, **data)

    @verb(signed=True)
    def approve(self, record, *, data, by, at, proof):
        return services.approve_process_version(
            process_version=record, by=by, at=at, proof=proof, **data
        )

    @verb(signed=True)
    def retire(self, record, *, data, by, at, proof):
        return services.retire_process_version(
            process_version=record, by=by, at=at, proof=proof, **data
        )


def register(router):
    router.register("organisations", OrganisationViewSet)
    router.register("sites", SiteViewSet)
    router.register("agreements", AgreementViewSet)
    router.register("products", ProductViewSet)
    router.register("processes", ProcessViewSet)
    router.register("process-versions", ProcessVersionViewSet)
