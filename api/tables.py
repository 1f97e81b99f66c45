"""Answers as tables: which form of an answer is wanted (`Accept`), and what columns the tables have.

JSON is the default; CSV and XLSX are given wherever a table is the answer. Headers are in the language of
`Accept-Language`, in both where it names neither.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from flask import Response, request

from lcaengine.problems import Problem, Refused
from lcaengine.sheets import CSV, XLSX
from lcaengine.sheets.table import Column, Filled, Languages, Table, as_csv, as_xlsx

JSON = "application/json"
FORMS = (JSON, CSV, XLSX)
LANGUAGES: Languages = ("zh", "en")
KG = "kg CO2e"
Json = Mapping[str, Any]


class NotAcceptable(Refused):
    """A form of answer that this does not have."""

    status = 406


def wanted(*forms: str) -> str:
    """The form that `Accept` asks for, the first where it is open; raises `NotAcceptable`."""
    forms = forms or FORMS
    if not request.headers.get("Accept"):
        return forms[0]
    best = request.accept_mimetypes.best_match(forms)
    if best is None:
        raise NotAcceptable(
            Problem("not_acceptable", "Accept", {"value": request.headers["Accept"], "known": list(forms)})
        )
    return best


def languages() -> Languages:
    """The one that the reader names first, or both."""
    for name, quality in request.accept_languages:
        for language in LANGUAGES:
            if name.lower().startswith(language) and quality > 0:
                return (language,)
    return LANGUAGES


def varied(response: Response) -> Response:
    """The answer depends on `Accept`; as a table on `Accept-Language`, too."""
    response.vary.add("Accept")
    if response.mimetype != JSON:
        response.vary.add("Accept-Language")
    return response


def table_of(media: str, tables: Sequence[Filled], part: str = "") -> Response:
    """Tables as a workbook, or the first of them as CSV; ``part`` goes into the name of the file."""
    data = as_xlsx(tables, languages()) if media == XLSX else as_csv(tables[0], languages())
    response = Response(data, mimetype=media)
    suffix = "xlsx" if media == XLSX else "csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{tables[0].table.name}{part}.{suffix}"'
    return varied(response)


def answered(text: str, body: Callable[[], Json], tables: Callable[[Json], Sequence[Filled]]) -> Response:
    """An answer that is a table at heart: JSON text, or its tables."""
    media = wanted()
    return varied(Response(text, mimetype=JSON)) if media == JSON else table_of(media, tables(body()))


# -- lists

ID, CREATED = Column("id", "编号", "Id"), Column("created", "创建时间", "Created", "UTC", "moment")
PRODUCT = Column("product.name", "产品", "Product")
PERIOD = (Column("period.start", "开始", "From"), Column("period.end", "结束", "To"))

FOOTPRINTS = Table("footprints", "产品碳足迹", "Footprints", (
    ID, CREATED, PRODUCT, Column("category", "类别", "Category"), Column("product.gtin", "GTIN", "GTIN"),
    Column("product.hs_code", "HS 编码", "HS code"), Column("total.value", "总量", "Total"), Column("total.unit", "单位", "Unit"),
    Column("declared_unit.amount", "每", "Per"), Column("declared_unit.unit", "声明单位", "Declared unit"),
    Column("boundary", "边界", "Boundary"), Column("impact_allowed", "可用于规则影响分析", "Impact allowed"),
))  # fmt: skip
BOMS = Table("boms", "物料清单", "Bills of materials", (
    ID, CREATED, PRODUCT, Column("category", "类别", "Category"), Column("product.gtin", "GTIN", "GTIN"),
    Column("version", "版本", "Version"), Column("previous", "前一版本", "Previous version"),
))  # fmt: skip
BACKGROUNDS = Table("backgrounds", "背景数据版本", "Background releases", (
    ID, Column("name", "名称", "Name"), Column("version", "版本", "Version"), Column("year", "年份", "Year"), Column("gwp", "GWP", "GWP set"),
    Column("builder", "构建程序版本", "Builder"), Column("processes", "过程数", "Processes"), Column("flows", "基本流数", "Elementary flows"),
    Column("default", "默认", "Default"),
))  # fmt: skip
STATEMENTS = Table("statements", "声明", "Statements", (
    ID, CREATED, Column("product", "产品", "Product"), Column("customer", "客户", "Customer"), Column("depth", "深度", "Depth"),
    Column("valid_until", "有效期至", "Valid until"), Column("status", "状态", "Status"), Column("superseded_by", "替代者", "Superseded by"),
    Column("revoked_at", "撤销时间", "Revoked", "UTC", "moment"), Column("reason", "理由", "Reason"), Column("footprint", "足迹编号", "Footprint"),
))  # fmt: skip
EVIDENCE = Table("evidence", "证据", "Evidence", (
    ID, CREATED, Column("kind", "类型", "Kind"), Column("record", "记录编号", "Record"), Column("pointer", "位置", "Place"),
    Column("version", "版本", "Version"), Column("file_name", "文件名", "File name"), Column("media_type", "媒体类型", "Media type"),
    Column("size", "大小", "Size", "bytes"), Column("sha256", "SHA-256", "SHA-256"), Column("entered_by", "登记人", "Entered by"),
    Column("retain_until", "保存至", "Kept until"), Column("removed", "移除时间", "Removed", "UTC", "moment"),
))  # fmt: skip
RULES = Table("rules", "产品种类规则", "Product category rules", (
    ID, Column("version", "版本", "Version"), Column("state", "状态", "State"), Column("title", "名称", "Title"),
    Column("status", "性质", "Status"), Column("declared_unit.amount", "声明单位数量", "Declared amount"),
    Column("declared_unit.unit", "声明单位", "Declared unit"), Column("categories", "类别", "Categories"),
    Column("hs_codes", "HS 编码", "HS codes"), Column("boundaries", "边界", "Boundaries"), Column("sha256", "SHA-256", "SHA-256"),
))  # fmt: skip
PROCESSES = Table("processes", "背景过程", "Background processes", (
    Column("code", "代码", "Code"), Column("name.zh", "中文名称", "Chinese name"), Column("name.en", "英文名称", "English name"),
    Column("location", "地区", "Place"), Column("score.value", "单位得分", "Score per unit"), Column("score.unit", "单位", "Unit"),
    Column("status", "数据状态", "Status of the data"), Column("years", "年份", "Years"), Column("tags", "标签", "Tags"),
    Column("match", "匹配度", "Match"),
))  # fmt: skip
GOODS = Table("cbam-goods", "CBAM 商品", "CBAM goods", (
    Column("cn_code", "CN 编码", "CN code"), Column("description", "描述", "Description"), Column("condition", "限定", "Condition"),
    Column("heading", "品目", "Heading"), Column("category.id", "类别代码", "Category id"), Column("category.name", "类别", "Category"),
    Column("scope", "范围", "Scope"), Column("gases", "气体", "Gases"), Column("valid_from", "自", "Valid from"),
    Column("valid_to", "至", "Valid to"), Column("act", "法规", "Act"), Column("annex", "附件", "Annex"),
))  # fmt: skip
CBAM = {
    "screenings": Table("cbam-screenings", "CBAM 筛查", "CBAM screenings", (
        ID, CREATED, Column("on", "日期", "On"), PRODUCT, Column("obligation_today", "当前义务", "Obligation today"),
        Column("answer", "结论", "Answer"),
    )),
    "installations": Table("cbam-installations", "CBAM 装置", "CBAM installations", (
        ID, CREATED, Column("installation.name", "装置", "Installation"), Column("installation.country", "国家", "Country"), *PERIOD,
    )),
    "answers": Table("cbam-answers", "CBAM 答复", "CBAM answers", (ID, CREATED, PRODUCT)),
    "reports": Table("cbam-reports", "CBAM 报告", "CBAM reports", (
        ID, CREATED, Column("kind", "类型", "Kind"), Column("installation", "装置", "Installation"), *PERIOD,
    )),
}  # fmt: skip
PACT_FOOTPRINTS = Table("pact-footprints", "PACT 已发布足迹", "Footprints published by PACT", (
    ID, CREATED, Column("footprint", "足迹编号", "Footprint"), Column("status", "状态", "Status"), Column("receivers", "接收方", "Receivers"),
    Column("document.productNameCompany", "产品", "Product"), Column("document.pcf.pcfExcludingBiogenicUptake", "总量", "Total", "kg CO2e"),
))  # fmt: skip
PACT_RECEIVED = Table("pact-received", "PACT 收到的足迹", "Footprints received by PACT", (
    ID, CREATED, Column("partner", "伙伴", "Partner"), Column("pf_id", "供应商编号", "Supplier's id"),
    Column("product.productNameCompany", "产品", "Product"), Column("product.companyName", "公司", "Company"),
    Column("value", "总量", "Total", "kg CO2e"), Column("declared_unit.amount", "每", "Per"), Column("declared_unit.unit", "声明单位", "Declared unit"),
    Column("status", "状态", "Status"), Column("valid_until", "有效期至", "Valid until"),
))  # fmt: skip
PACT_EVENTS = Table("pact-events", "PACT 事件", "PACT events", (
    ID, CREATED, Column("direction", "方向", "Direction"), Column("partner", "伙伴", "Partner"), Column("type", "类型", "Type"),
    Column("state", "状态", "State"), Column("attempts", "尝试次数", "Attempts"), Column("error", "错误", "Error"),
))  # fmt: skip
ORGANISATIONS = Table("organisations", "组织", "Organisations", (
    ID, Column("name", "名称", "Name"), Column("country", "国家", "Country"), Column("roles", "角色", "Roles"),
    Column("categories", "类别", "Categories"), Column("company_ids", "企业标识", "Company ids"), Column("active", "启用", "Active"), CREATED,
))  # fmt: skip
USERS = Table("users", "用户", "Users", (
    ID, Column("email", "电子邮件", "E-mail"), Column("name", "姓名", "Name"), Column("roles", "角色", "Roles"),
    Column("active", "启用", "Active"), CREATED,
))  # fmt: skip
KEYS = Table("keys", "密钥", "Keys", (
    ID, Column("kind", "类型", "Kind"), Column("name", "名称", "Name"), Column("user", "用户", "User"), Column("scopes", "权限", "Scopes"), CREATED,
    Column("expires", "到期", "Expires", "UTC", "moment"), Column("last_used", "上次使用", "Last used", "UTC", "moment"),
    Column("revoked", "撤销时间", "Revoked", "UTC", "moment"), Column("rotated_to", "轮换为", "Rotated to"),
))  # fmt: skip
AUDIT = Table("audit", "审计日志", "Audit log", (
    ID, Column("at", "时间", "At", "UTC", "moment"), Column("actor", "执行者", "Actor"), Column("action", "操作", "Action"),
    Column("target", "对象", "Target"), Column("status", "状态码", "Status"), Column("request_id", "请求编号", "Request id"),
))  # fmt: skip
BATCHES = Table("batches", "批量任务", "Batches", (
    ID, CREATED, Column("state", "状态", "State"), Column("format", "格式", "Format"), Column("size", "大小", "Size", "B"),
    Column("progress.bills", "物料清单数", "Bills"), Column("progress.done", "已计算", "Computed"), Column("progress.errors", "出错", "With errors"),
    Column("started", "开始", "Started", "UTC", "moment"), Column("finished", "结束", "Finished", "UTC", "moment"),
))  # fmt: skip
SHARED = Table("shared-footprints", "共享的足迹", "Shared footprints", (
    Column("footprint.id", "编号", "Id"), Column("share.created", "共享时间", "Shared", "UTC", "moment"), Column("footprint.owner", "所有者", "Owner"),
    Column("footprint.product.name", "产品", "Product"), Column("share.depth", "深度", "Depth"),
    Column("footprint.total.value", "总量", "Total"), Column("footprint.total.unit", "单位", "Unit"),
    Column("footprint.declared_unit.amount", "每", "Per"), Column("footprint.declared_unit.unit", "声明单位", "Declared unit"),
))  # fmt: skip


# -- parts of a footprint

SHARE = Column("share", "占比", "Share", "", "share")
LINES = Table("footprint-lines", "物料行", "Lines", (
    Column("line", "编号", "Id"), Column("name", "名称", "Name"), Column("stage", "阶段", "Stage"),
    Column("amount.amount", "数量", "Amount"), Column("amount.unit", "单位", "Unit"), Column("value", "贡献", "Contribution", KG), SHARE,
    Column("process.code", "过程代码", "Process"), Column("process.name", "过程", "Process name"),
    Column("process.status", "数据状态", "Status of the data"), Column("matched_by", "匹配方式", "Matched by"),
    Column("data", "数据类型", "Data"), Column("status_shares.estimate", "其中估算", "Of it estimates", "", "share"),
    Column("quality.pef.dqr", "PEF 数据质量", "PEF data quality"),
))  # fmt: skip
STAGES = Table("footprint-stages", "阶段", "Stages", (
    Column("stage", "代码", "Id"), Column("name", "阶段", "Stage"), Column("value", "贡献", "Contribution", KG), SHARE,
))  # fmt: skip
INDICATORS = Table("footprint-indicators", "指标", "Indicators", (
    ID, Column("name", "名称", "Name"), Column("value", "数值", "Value"), Column("unit", "单位", "Unit"),
))  # fmt: skip
GASES = Table(
    "footprint-gases", "气体", "Gases", (Column("gas", "气体", "Gas"), Column("value", "贡献", "Contribution", KG))
)
ASSUMPTIONS = Table("footprint-assumptions", "假设", "Assumptions", (
    Column("rule_id", "规则条目", "Rule id"), Column("parameter", "参数", "Parameter"), Column("name", "名称", "Name"),
    Column("value.amount", "取值", "Value"), Column("value.unit", "单位", "Unit"), Column("status", "来源方式", "Given or default"),
    Column("evidence", "数据状态", "Status of the data"), Column("share", "影响占比", "Share that depends on it", "", "share"),
    Column("source", "来源", "Source"),
))  # fmt: skip
HOTSPOTS = Table("hotspots", "热点", "Hotspots", (
    Column("kind", "类型", "Kind"), Column("rank", "排名", "Rank"), ID, Column("name", "名称", "Name"),
    Column("value", "贡献", "Contribution", KG), SHARE, Column("gross_share", "绝对值占比", "Gross share", "", "share"),
    Column("cumulative_share", "累计", "Cumulative", "", "share"), Column("runs", "数量", "Amount"), Column("unit", "单位", "Unit"),
))  # fmt: skip
CONTRIBUTIONS = Table("contributions", "贡献", "Contributions", (
    ID, Column("name", "名称", "Name"), Column("value", "贡献", "Contribution", KG), SHARE,
))  # fmt: skip
COMPARISON = Table("comparison", "对照", "Comparison", (
    ID, PRODUCT, Column("owner", "所有者", "Owner"), Column("total.value", "总量", "Total", KG), Column("declared_unit.amount", "每", "Per"),
    Column("declared_unit.unit", "声明单位", "Declared unit"), Column("value", "按第一个的声明单位", "Per unit of the first", KG),
    Column("difference", "与第一个之差", "Difference to the first", KG), Column("relative", "相对差", "Relative", "", "share"),
    Column("comparable", "可比", "Comparable"), Column("reasons", "说明", "Notices"), Column("boundary", "边界", "Boundary"),
    Column("rule.id", "规则", "Rule"), Column("rule.version", "规则版本", "Rule version"), Column("background.version", "背景数据", "Background"),
    Column("background.gwp", "GWP", "GWP"),
))  # fmt: skip
TREE = Table("tree", "供应链", "Supply chain", (
    ID, Column("parent", "上级", "Parent"), Column("depth", "层级", "Depth"), Column("kind", "类型", "Kind"), Column("code", "代码", "Code"),
    Column("name", "名称", "Name"), Column("line", "物料行", "Line"), Column("amount", "数量", "Amount"), Column("unit", "单位", "Unit"),
    Column("value", "分支合计", "Branch", KG), SHARE, Column("direct", "自身排放", "Own emissions", KG),
    Column("cut.value", "未展开", "Not opened", KG), Column("cut.count", "未展开数", "Not opened, number"),
    Column("terminal", "终止原因", "Ends because"), Column("loop", "循环", "Loop"),
))  # fmt: skip
DECISIONS = Table("decisions", "决定", "Decisions", (
    Column("line", "物料行", "Line"), Column("line_name", "名称", "Name"), Column("rule_id", "规则条目", "Rule id"),
    Column("what", "内容", "What"), Column("stage", "阶段", "Stage"), Column("target", "过程代码", "Process"),
    Column("name", "过程", "Process name"), Column("amount.amount", "数量", "Amount"), Column("amount.unit", "单位", "Unit"),
    Column("value", "贡献", "Contribution", KG), Column("data", "数据类型", "Data"), Column("matched_by", "匹配方式", "Matched by"),
))  # fmt: skip
PARAMETERS = Table("parameters", "参数", "Parameters", (
    *ASSUMPTIONS.columns[:-1], Column("at_min", "取下限时总量", "Total at its minimum", KG),
    Column("at_max", "取上限时总量", "Total at its maximum", KG), Column("swing", "摆幅", "Swing", "", "share"), ASSUMPTIONS.columns[-1],
))  # fmt: skip
MATCHES = Table("matches", "匹配", "Matches", (
    Column("line", "物料行", "Line"), Column("name", "名称", "Name"), Column("given.by", "已给出", "Given by"),
    Column("given.processes", "给出的过程", "Given processes"), Column("taken.code", "采用", "Taken"), Column("matched_by", "匹配方式", "Matched by"),
    Column("rank", "候选", "Candidate"), Column("candidate.code", "候选代码", "Candidate's code"),
    Column("candidate.name", "候选名称", "Candidate's name"), Column("candidate.unit", "单位", "Unit"),
    Column("candidate.location", "地区", "Place"), Column("candidate.score", "得分", "Score"),
    Column("candidate.matched.text", "匹配文字", "Matched text"), Column("candidate.roles", "角色", "Roles"),
))  # fmt: skip
DEFAULTS = Table("cbam-defaults", "CBAM 默认值", "CBAM default values", (
    Column("year", "年份", "Year"), Column("markup", "加成", "Mark-up", "", "share"),
    Column("emissions", "加成后排放", "Emissions with mark-up", "t CO2e/t"), Column("benchmark.value", "基准值", "Benchmark", "t CO2e/t"),
    Column("cbam_factor.value", "CBAM 系数", "CBAM factor"), Column("free_allocation", "免费分配", "Free allocation", "t CO2e/t"),
    Column("certificates_per_t", "证书", "Certificates", "1/t"), Column("price.eur", "价格", "Price", "EUR/t CO2e"),
    Column("price.status", "价格状态", "Price is"), Column("eur_per_t", "费用", "Cost", "EUR/t"), Column("law", "现行法律", "Law in force"),
    Column("notes", "说明", "Notes"),
))  # fmt: skip

_KINDS = {"lines": ("物料行", "line"), "stages": ("阶段", "stage"), "processes": ("过程", "process")}


def footprint_tables(body: Json) -> list[Filled]:
    """Lines, stages, indicators, gases and assumptions, each as far as the reader may see it, and what they are of."""
    total, per, quality = body["total"], body["declared_unit"], body["data_quality"]
    said = f"{total['value']:.6g} {total['unit']} / {per['amount']:g} {per['unit']}"
    share = f"{quality['estimate_share']:.0%}"
    notes = [
        {"zh": f"{body['product']['name']['zh']}：{said}", "en": f"{body['product']['name']['en']}: {said}"},
        {"zh": f"结果的 {share} 依赖估算数据。", "en": f"{share} of the result depends on estimates."},
        body["notice"],
    ]
    return [
        Filled(table, body.get(key, []), notes)
        for key, table in (("lines", LINES), ("stages", STAGES), ("indicators", INDICATORS), ("gases", GASES), ("assumptions", ASSUMPTIONS))
    ]  # fmt: skip


def hotspot_tables(body: Json) -> list[Filled]:
    return [Filled(HOTSPOTS, list(_ranked(body)), [_of_total(body)])]


def _ranked(body: Json) -> Iterator[Json]:
    for kind, (zh, en) in ((k, names) for k, names in _KINDS.items() if k in body):  # of a shared one not all is shown
        name = {"zh": zh, "en": en}
        yield from ({"kind": name, **item} for item in body[kind]["items"])
        rest = body[kind]["rest"]
        if rest["count"]:
            others = {"zh": f"其余 {rest['count']} 项", "en": f"others ({rest['count']})"}
            yield {"kind": name, "name": others, "value": rest["value"]}


def contribution_tables(body: Json) -> list[Filled]:
    return [Filled(CONTRIBUTIONS, body["items"], [_of_total(body)])]


def comparison_tables(body: Json) -> list[Filled]:
    """The footprints, one a row; their stages, a column for each."""
    items, per = body["items"], body["declared_unit"]
    said = f"{per['amount']:g} {per['unit']}"
    notes = [{"zh": f"按 {said} 对照。", "en": f"Compared per {said}."}, body["notice"]]
    rows = [{**item, "reasons": [notice["message"] for notice in item["notices"]]} for item in items]
    columns = [
        Column(
            f"values.{i}", f"{i + 1} {item['product']['name']['zh']}", f"{i + 1} {item['product']['name']['en']}", KG
        )
        for i, item in enumerate(items)
    ]
    stages = [{**stage, "values": {str(i): v for i, v in enumerate(stage["values"])}} for stage in body["stages"]]
    beside = Table("comparison-stages", "阶段对照", "Stages", (*STAGES.columns[:2], *columns))
    return [Filled(COMPARISON, rows, notes), Filled(beside, stages, notes)]


def tree_tables(body: Json) -> list[Filled]:
    cut = body["cut"]
    note = {
        "zh": f"未展开的分支：{cut['count']} 个，共 {cut['value']:.6g} {body['unit']}。",
        "en": f"Branches that are not opened: {cut['count']}, {cut['value']:.6g} {body['unit']} in all.",
    }
    return [Filled(TREE, body["nodes"], [_of_total(body), note])]


def _of_total(body: Json) -> dict[str, str]:
    said = f"{body['total']:.6g} {body['unit']}"
    return {"zh": f"总量：{said}", "en": f"Total: {said}"}


def explanation_tables(body: Json, first: str = DECISIONS.name) -> list[Filled]:
    """The decisions behind every line, and the parameters; ``first`` is the one that CSV gives."""
    decided = [
        {**decision, "line": line["line"], "line_name": line["name"]} for line in body["lines"] for decision in line["decisions"]
    ]  # fmt: skip
    total = _of_total({"total": body["total"]["value"], "unit": body["total"]["unit"]})
    both = [Filled(DECISIONS, decided, [total]), Filled(PARAMETERS, [*body["given"], *body["assumed"]], [total])]
    return both if first == DECISIONS.name else both[::-1]


def match_tables(body: Json) -> list[Filled]:
    """One row a candidate; a line that has none keeps a row."""
    rows = [
        {**line, "rank": rank, "candidate": candidate}
        for line in body["lines"]
        for rank, candidate in enumerate(line["candidates"] or [None], start=1)
    ]
    return [Filled(MATCHES, rows)]


def default_tables(body: Json) -> list[Filled]:
    value = body["default_value"] or {}
    note = {"zh": f"{body['cn_code']}，{body['country']}", "en": f"{body['cn_code']}, {body['country']}"}
    found = f"{value.get('total')} {body['unit']} ({value.get('act')}, {value.get('table')})"
    base = {"zh": f"默认值（加成前）：{found}", "en": f"Default value before mark-up: {found}"}
    return [Filled(DEFAULTS, body["by_year"], [note, *([base] if value else []), *body["notes"]])]
