"""What a reckoning of certificates says, in Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping

from lcaengine.cbam.certificates.defaults import Text

PROPOSAL: Text = {
    "zh": "COM(2026) 616（2026 年 7 月 17 日）的 CBAM 系数：仅为提案，不是法律；不得与现行法律的结果相加或混用。",
    "en": "The CBAM factors of COM(2026) 616 of 17 July 2026: a proposal, not law; never to be added to or mixed with the law's results.",
}
EXEMPT: Mapping[str, Text] = {
    "eu": {
        "zh": "原产于欧盟：不属于 CBAM，隐含排放计为 0，无须证书。",
        "en": "Origin in the EU: outside CBAM; embedded emissions count 0, no certificates.",
    },
    "exempt": {
        "zh": "原产地豁免（条例 2023/956 附件三）：隐含排放计为 0，无须证书。",
        "en": "Exempt origin (Regulation 2023/956 Annex III): embedded emissions count 0, no certificates.",
    },
}
THRESHOLD: Text = {
    "zh": "若进口商当年四个行业的净质量合计不超过 50 t，则无须证书（条例 2023/956 附件七）；氢和电力不适用此豁免。",
    "en": "No certificates are due while the importer's net mass of the year, summed over the four sectors, does not exceed 50 t "
    "(Regulation 2023/956 Annex VII); hydrogen and electricity have no such threshold.",
}
SAME_MASS: Text = {
    "zh": "各年按同一质量分别计算。",
    "en": "Each year is reckoned for the same mass, on its own.",
}
PER_PRODUCT: Text = {
    "zh": "该类货物的实际值按功能单位（熟料吨数或氮千克数）计；默认值按产品吨数计，此处的质量为产品质量，两者换算后方可比较。",
    "en": "Actual values of these goods are per functional unit (tonne of clinker or kg of nitrogen); default values are per tonne of "
    "product, and the mass here is that of the product. Convert before you compare.",
}
EX: Text = {
    "zh": "该编码仅在条件满足时列于附件一：",
    "en": "This code is in Annex I only on a condition: ",
}
