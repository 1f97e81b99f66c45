"""What stands where in the workbook of a bill of materials: its sheets, their columns, and the rows of its form."""

from __future__ import annotations

from dataclasses import dataclass

from lcaengine.bom.model import SECTION_NAMES, SECTIONS
from lcaengine.bom.sheet import COLUMNS

FORM, GUIDE, LISTS = "product", "guide", "lists"
TITLES = {
    GUIDE: ("说明", "Guide"), FORM: ("产品", "Product"), "lines": ("物料", "Lines"),
    **{section: (names["zh"], names["en"]) for section, names in SECTION_NAMES.items()},
    "co_products": ("联产品", "Co-products"), "parameters": ("参数", "Parameters"), "outputs": ("各产品产量", "Outputs"),
    LISTS: ("列表", "Lists"),
}  # fmt: skip
LABEL = " · "  # between what is read from a cell and its label
NOTE = "("  # how the key of a column begins that is only for the reader
KEY_ROWS = 15  # how far down the row of keys is looked for

_COMMON = ("basis", "shared", "note")
ENTRY = ("id", "name", "amount", "unit", "role", "process", "unit_mass", "origin", "transport", "recycled_content", "cn_code", "cas",
         "supplier_footprint", "footprint_boundary", "footprint_gwp", "footprint_year", "footprint_verification",
         "footprint_biogenic_carbon", "footprint_primary_data_share", "mass_basis", "embedded_emissions", "embedded_indirect", "embedded_year",
         "embedded_installation", "embedded_verification", *_COMMON)  # fmt: skip
SELDOM = frozenset({"cas", "basis", *(key for key in ENTRY if key.startswith(("footprint_", "embedded_", "mass_")))})
ACTIVITY = ("id", "kind", "amount", "unit", "name", "evidence", "process", *_COMMON)
CO_PRODUCT = ("id", "amount", "unit", "price", "biogenic_carbon", *_COMMON)
PARAMETER = ("id", "(name)", "amount", "unit", "(default)", "(range)", "(source)")
OUTPUT = ("id", "amount", "unit")

ENGLISH = {
    "id": "Id", "name": "Name", "amount": "Amount", "unit": "Unit", "role": "Role", "process": "Background process", "kind": "Kind",
    "origin": "Origin", "basis": "Basis", "unit_mass": "Mass of one piece", "transport": "Transport",
    "recycled_content": "Recycled content", "cn_code": "CN code", "cas": "CAS number", "evidence": "Evidence", "price": "Price",
    "biogenic_carbon": "Biogenic carbon", "supplier_footprint": "Supplier's footprint", "footprint_boundary": "Its boundary",
    "footprint_gwp": "Its GWP set", "footprint_year": "Its year", "footprint_verification": "Its verification",
    "footprint_biogenic_carbon": "Its biogenic carbon", "footprint_primary_data_share": "Its primary data share", "mass_basis": "Mass basis", "embedded_emissions": "Embedded emissions",
    "embedded_indirect": "Of it indirect", "embedded_year": "Their year", "embedded_installation": "Their installation",
    "embedded_verification": "Their verification", "shared": "Shared with other products", "note": "Note",
    "(name)": "Name", "(default)": "Default", "(range)": "Range", "(source)": "Source of the default",
}  # fmt: skip
CHINESE = {
    **COLUMNS, "process": "背景过程", "shared": "与其他产品共用", "(name)": "名称", "(default)": "缺省值", "(range)": "范围",
    "(source)": "缺省值来源",
}  # fmt: skip
EXAMPLES = {
    "unit_mass": "220 g", "transport": "road 300 km; sea 1200 km", "origin": "CN", "cas": "75-28-5", "recycled_content": "0.3",
    "supplier_footprint": "9.1 kg CO2e/kg", "footprint_boundary": "cradle_to_gate", "footprint_gwp": "AR6",
    "footprint_biogenic_carbon": "0.4 kg/kg", "embedded_emissions": "1.95 t CO2e/t", "price": "0.3 CNY/kg", "biogenic_carbon": "0.1 kg/kg",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Field:
    """One row of the form. ``key`` leads to its place in the document; a quantity has a unit."""

    key: str
    zh: str
    en: str
    about_zh: str = ""
    about_en: str = ""
    required: bool = False
    quantity: bool = False
    listed: bool = False

    @property
    def pointer(self) -> str:
        return "/" + self.key.replace(".", "/")


FIELDS = (
    Field("product.name.zh", "产品名称（中文）", "Name of the product (Chinese)", "至少一种语言", "in one language at least", required=True),
    Field("product.name.en", "产品名称（英文）", "Name of the product (English)"),
    Field("product.id", "产品编号", "Id of the product", "与其他产品共用总量时必填", "required where totals are shared with other products"),
    Field("product.category", "产品类别", "Product category", "即规则", "the rule", required=True, listed=True),
    Field("product.declared_unit", "声明单位", "Declared unit", "结果按此给出", "the result is per this", required=True, quantity=True),
    Field("product.pack", "每个销售包装的内容", "Content of one sales pack", quantity=True),
    Field("product.gtin", "GTIN", "GTIN"),
    Field("product.hs_code", "HS 编码", "HS code"),
    Field("product.brand", "品牌", "Brand"),
    Field("site.country", "国家", "Country", "ISO 3166：CN", "ISO 3166: CN", required=True),
    Field("site.region", "省区", "Region", "CN-SD", "CN-SD"),
    Field("site.name", "工厂名称", "Name of the site"),
    Field("boundary", "系统边界", "Boundary", "留空则按规则", "empty: the rule's", listed=True),
    Field("basis", "数量基准", "Amounts are per", "按声明单位或按期间", "declared unit or period", required=True, listed=True),
    Field("period.start", "期间开始", "Period from", "按期间时必填", "required where amounts are for a period"),
    Field("period.end", "期间结束", "Period to", "按期间时必填", "required where amounts are for a period"),
    Field("output", "期间产量", "Output of the period", "按期间时必填", "required where amounts are for a period", quantity=True),
    Field("note", "备注", "Note"),
)  # fmt: skip
FORM_KEYS = ("(item)", "value", "unit", "(about)", "key")


def columns_of(section: str) -> tuple[str, ...]:
    """The columns of a sheet, by the keys of the CSV."""
    tables = {"lines": ENTRY, "co_products": CO_PRODUCT, "parameters": PARAMETER, "outputs": OUTPUT, FORM: FORM_KEYS}
    return ACTIVITY if section in SECTIONS else tables[section]


def pointer_of(section: str) -> str:
    """Where the rows of a sheet stand in the document."""
    match section:
        case "outputs":
            return "/shared/outputs"
        case _ if section in SECTIONS:
            return f"/activities/{section}"
        case _:
            return "/" + section


def title(section: str, languages: tuple[str, ...]) -> str:
    """The name on the tab of a sheet."""
    zh, en = TITLES[section]
    return " ".join({"zh": zh, "en": en}[language] for language in languages)


def known_titles() -> dict[str, str]:
    """Every name that a sheet may have → its section."""
    names = {}
    for section in TITLES:
        for languages in (("zh",), ("en",), ("zh", "en")):
            names[title(section, languages).casefold()] = section
        names[section] = section
    return names
