"""The two README files of a verifier's bundle: how one figure is followed, on the largest row of this very calculation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lcaengine.statements.numbers import shown

Json = dict[str, Any]

EN = """\
# Verifier's bundle

Statement {id}, issued {issued}
Product: {product_en}. Total: {total} {unit} per {declared}. Indicator: {indicator}.
Footprint {footprint}, calculated {calculated} with lcaengine {engine}.

Check it: `lcaengine statement verify THIS-FILE.zip`. That compares every checksum with MANIFEST.json, checks the signatures of
the manifest and of the statement, and, where release {release} is available, calculates everything again from `inputs/bom.json`.

| file | what it is |
|---|---|
| `statement.json` | the signed statement: what the customer was told |
| `inputs/bom.json` | the bill of materials as it was given |
| `rules/` | the rule {rule}, and the rules that it extends |
| `calculation/rows.csv` | every purchase, waste and emission: amount × score = value; the values add up to the total |
| `calculation/explanation.json` | the same by line, with the texts of the rule ids, what was given, what was assumed |
| `processes/` | {processes} background processes: exchanges, sources, scores, quality; `index.json` has the list |
| `sources.csv` | every source that these processes and the rule cite |
| `release.json` | the background release: name, version, id, indicators |
| `evidence/` | {evidence} evidence files; `index.json` says for which figure, who entered each and when |
| `MANIFEST.json` | SHA-256 and size of every file, signed |

## How to follow a figure

1. Take a line of the statement, such as "{line_en}". In `calculation/rows.csv` it has the rows with line `{line}`.
2. Its largest row, by rule id {rule_id}: {amount} {row_unit} of "{process_en}" × {score} {score_unit} = {value} kg CO2e.
3. The amount: see the line in `inputs/bom.json`, then the rule id in `rules/` and in `calculation/explanation.json`, which names the
   parameters and says whether each was given or is the rule's default.
4. The score: {follow_en}
5. The source: the id in column `source` of an exchange is a row of `sources.csv`; `locator` says where in it. A figure with status
   `estimate` has its reasoning in `note`.
6. Evidence of a given figure: look for its JSON pointer in `evidence/index.json`.

## What is not in here

Processes whose own emissions are below {cut_off} of all (absolute values): {left} of them, together {left_share} %. They are in
the release, and `lcaengine background show CODE` shows them.
"""

ZH = """\
# 核查包

声明 {id}，签发于 {issued}
产品：{product_zh}。合计：每 {declared} {total} {unit}。指标：{indicator}。
碳足迹记录 {footprint}，由 lcaengine {engine} 于 {calculated} 计算。

核对：`lcaengine statement verify 本文件.zip`。逐一比对 MANIFEST.json 中的校验和，验证清单与声明的签名；若本机有背景数据版本
{release}，则由 `inputs/bom.json` 重新计算全部数值。

| 文件 | 内容 |
|---|---|
| `statement.json` | 已签名的声明，即客户收到的内容 |
| `inputs/bom.json` | 所提交的物料清单原文 |
| `rules/` | 规则 {rule} 及其继承的规则 |
| `calculation/rows.csv` | 每一项采购、废物和排放：数量 × 因子 = 数值；各行相加等于合计 |
| `calculation/explanation.json` | 按物料列出同样的内容，附规则条目文本、所给参数与所取缺省值 |
| `processes/` | {processes} 个背景过程：投入产出、来源、因子、质量；清单见 `index.json` |
| `sources.csv` | 上述过程和规则引用的全部来源 |
| `release.json` | 背景数据版本：名称、版本、编号、指标 |
| `evidence/` | {evidence} 个证据文件；`index.json` 写明对应的数值、登记人和时间 |
| `MANIFEST.json` | 每个文件的 SHA-256 和大小，已签名 |

## 如何追溯一个数值

1. 取声明中的一项物料，如“{line_zh}”。在 `calculation/rows.csv` 中查 line 为 `{line}` 的各行。
2. 其中最大的一行，依据规则条目 {rule_id}：{amount} {row_unit}“{process_zh}”× {score} {score_unit} = {value} kg CO2e。
3. 数量的由来：先看 `inputs/bom.json` 中的该物料，再看 `rules/` 和 `calculation/explanation.json` 中的规则条目；后者列出参数，并注明
   是企业给出的还是规则的缺省值。
4. 因子的由来：{follow_zh}
5. 来源：投入产出中 `source` 一列的编号即 `sources.csv` 的一行，`locator` 指明在文献中的位置；状态为 `estimate` 的数值，理由见 `note`。
6. 企业数据的证据：在 `evidence/index.json` 中按 JSON 指针查找。

## 未包含的内容

自身排放低于总量 {cut_off}（按绝对值）的过程：共 {left} 个，合计 {left_share} %。它们在背景数据版本中，可用
`lcaengine background show 代码` 查看。
"""

FOLLOW = {
    "process": {
        "zh": "见 `processes/{process}.json`：`contributions` 按投入和排放分解每单位得分，`exchanges` 列出各项数值及其来源；某项投入若也在\n"
        "   `processes/` 中，可同样继续追溯。",
        "en": "see `processes/{process}.json`: `contributions` splits the score of one unit by input and emission, `exchanges` has each figure\n"
        "   with its source; an input that has a file in `processes/` itself is followed in the same way.",
    },
    "flow": {
        "zh": "这是基本流 `{process}` 的表征因子，见 `release.json` 的 `gwp`。",
        "en": "it is the characterization factor of the elementary flow `{process}`; see `gwp` in `release.json`.",
    },
}


def readmes(statement: Json, rows: Sequence[Mapping[str, Any]], used: Json, evidence: int) -> dict[str, bytes]:
    """README.en.md and README.zh.md of a bundle; the example is the row of the largest absolute value."""
    values = {**_facts(statement), **_example(rows), "evidence": evidence, "processes": len(used["processes"])}
    values |= {
        "cut_off": f"{used['cut_off']:.2g}", "left": used["left_out"]["count"],
        "left_share": f"{100 * used['left_out']['gross_share']:.2g}",
    }  # fmt: skip
    return {f"README.{lang}.md": text.format(**values).encode() for lang, text in (("en", EN), ("zh", ZH))}


def _facts(statement: Json) -> Json:
    made, declared, name = statement["provenance"], statement["declared_unit"], statement["product"]["name"]
    return {
        "id": statement["id"], "issued": statement["issued"], "product_zh": _plain(name.get("zh") or name.get("en", "")),
        "product_en": _plain(name.get("en") or name.get("zh", "")),
        "total": shown(statement["total"]["value"], statement["total"]["digits"], "zh"),
        "unit": statement["total"]["unit"], "indicator": statement["total"]["indicator"],
        "declared": f"{declared['amount']:g} {declared['unit']}", "footprint": made["footprint"],
        "calculated": made["calculated"], "engine": made["engine"]["version"],
        "release": f"{made['background']['name']} {made['background']['version']}",
        "rule": f"{made['rule']['id']}@{made['rule']['version']}",
    }  # fmt: skip


def _example(rows: Sequence[Mapping[str, Any]]) -> Json:
    row = max(rows, key=lambda r: abs(r["value"]))
    follow = FOLLOW["flow" if row["kind"] == "emission" else "process"]
    names = {k: _plain(row[k]) for k in ("line_zh", "line_en", "process_zh", "process_en")}
    numbers = {k: f"{row[k]:.6g}" for k in ("amount", "score", "value")}
    return {
        **names, **numbers, "line": _plain(row["line"]), "rule_id": row["rule_id"] or "–", "row_unit": row["unit"],
        "score_unit": row["score_unit"], **{f"follow_{k}": v.format(process=row["process"]) for k, v in follow.items()},
    }  # fmt: skip


def _plain(text: str) -> str:
    """A name as it may stand in Markdown: one line, without markup."""
    return " ".join("".join(c for c in str(text) if c not in "`*_[]<>|\\#").split())[:300]
