"""The embedded release holds what brewers, appliance makers and tyre makers buy, and a search finds it by its usual name."""

from __future__ import annotations

import csv

import pytest

from lcaengine.background import Release

EIGHT_TYPES = "coal gas hydro nuclear wind pv csp biomass"
PROVINCES = """
北京 bj 天津 tj 河北 he 山西 sx 内蒙古 nm 辽宁 ln 吉林 jl 黑龙江 hl 上海 sh 江苏 js 浙江 zj 安徽 ah 福建 fj 江西 jx 山东 sd 河南 ha
湖北 hb 湖南 hn 广东 gd 广西 gx 海南 hi 重庆 cq 四川 sc 贵州 gz 云南 yn 西藏 xz 陕西 sn 甘肃 gs 青海 qh 宁夏 nx 新疆 xj
"""  # ISO 3166-2:CN, the 31 of the mainland
REGIONS = "华北 north 东北 northeast 华东 east 华中 central 西北 northwest 南方 south 西南 southwest"
COUNTRIES = """
us United States|ca Canada|mx Mexico|br Brazil|de Germany|fr France|it Italy|es Spain|nl Netherlands|pl Poland|be Belgium|
cz Czechia|se Sweden|gb United Kingdom|tr Türkiye|ru Russia|in India|id Indonesia|th Thailand|vn Viet Nam|my Malaysia|
jp Japan|kr South Korea|au Australia|za South Africa
"""

# What is typed, and the process that must be among the first five found.
WANTED = """
燃煤发电,electricity-coal-cn
燃气发电,electricity-gas-cn
水力发电,electricity-hydro-cn
核能发电,electricity-nuclear-cn
风力发电,electricity-wind-cn
光伏发电,electricity-pv-cn
光热发电,electricity-csp-cn
生物质发电,electricity-biomass-cn
coal power,electricity-coal-cn
wind power China,electricity-wind-cn
全国电力,electricity-cn
煤,hard-coal-cn
coal,hard-coal-cn
烟煤,hard-coal-cn
焦炭,coke-cn
coke,coke-cn
天然气,natural-gas-cn
natural gas,natural-gas-cn
液化石油气,lpg-cn
LPG,lpg-cn
柴油,diesel-cn
diesel,diesel-cn
汽油,petrol-cn
gasoline,petrol-cn
燃料油,heavy-fuel-oil-cn
fuel oil,heavy-fuel-oil-cn
生物质颗粒,biomass-pellets-cn
biomass,biomass-pellets-cn
沼气,biogas-burned-boiler-cn
biogas,biogas-burned-boiler-cn
蒸汽,steam-purchased-cn
steam,steam-gas-cn
外购热力,heat-district-cn
district heat,heat-district-cn
冷轧钢板,steel-cold-rolled-cn
cold rolled steel,steel-cold-rolled-cn
镀锌板,steel-galvanised-cn
galvanized steel,steel-galvanised-cn
硅钢片,steel-electrical-cn
electrical steel,steel-electrical-cn
线材,steel-wire-rod-cn
wire rod,steel-wire-rod-cn
钢帘线,steel-tyre-cord-cn
steel cord,steel-tyre-cord-cn
胎圈钢丝,steel-bead-wire-cn
bead wire,steel-bead-wire-cn
不锈钢,stainless-steel-cn
stainless steel,stainless-steel-cn
铸铁,cast-iron-cn
cast iron,cast-iron-cn
铝锭,aluminium-ingot-cn
aluminum ingot,aluminium-ingot-cn
铜管,copper-tube-cn
PE,hdpe-resin-cn
聚乙烯,ldpe-resin-cn
PP,pp-resin-cn
聚丙烯,pp-resin-cn
PS,ps-resin-cn
聚苯乙烯,ps-resin-cn
HIPS,hips-resin-cn
EPS,eps-resin-cn
ABS,abs-resin-cn
PET,pet-resin-cn
PVC,pvc-resin-carbide-cn
聚氯乙烯,pvc-resin-carbide-cn
PC,pc-resin-cn
聚碳酸酯,pc-resin-cn
PA6,pa6-resin-cn
尼龙6,pa6-resin-cn
PA66,pa66-resin-cn
尼龙66,pa66-resin-cn
POM,pom-resin-cn
聚甲醛,pom-resin-cn
PU,pu-foam-rigid-cn
聚氨酯泡沫,pu-foam-rigid-cn
TSR,natural-rubber-tsr
标准胶,natural-rubber-tsr
STR20,natural-rubber-tsr
RSS,natural-rubber-rss
烟片胶,natural-rubber-rss
SBR,sbr-emulsion-cn
丁苯橡胶,sbr-emulsion-cn
BR,br-cn
顺丁橡胶,br-cn
halobutyl,halobutyl-rubber-cn
卤化丁基橡胶,halobutyl-rubber-cn
EPDM,epdm-rubber-cn
三元乙丙橡胶,epdm-rubber-cn
carbon black,carbon-black-cn
炭黑,carbon-black-cn
silica,silica-precipitated-cn
白炭黑,silica-precipitated-cn
silane,silane-coupling-agent-cn
硅烷偶联剂,silane-coupling-agent-cn
ZnO,zinc-oxide-cn
氧化锌,zinc-oxide-cn
stearic acid,stearic-acid-cn
硬脂酸,stearic-acid-cn
sulphur,sulphur-cn
sulfur,sulphur-cn
硫磺,sulphur-cn
促进剂,accelerator-ns-cn
accelerator CBS,accelerator-cbs-cn
再生胶,reclaimed-rubber-cn
reclaimed rubber,reclaimed-rubber-cn
防老剂,antioxidant-6ppd-cn
玻璃瓶,container-glass-cullet-50-cn
glass bottle,container-glass-cullet-50-cn
平板玻璃,flat-glass-cn
水泥,cement-cn
cement,cement-cn
混凝土,concrete-cn
concrete,concrete-cn
石灰,quicklime-cn
lime,quicklime-cn
牛皮箱板纸,kraftliner-cn
kraftliner,kraftliner-cn
瓦楞原纸,fluting-cn
fluting,fluting-cn
瓦楞纸箱,corrugated-board-cn
corrugated box,corrugated-board-cn
彩盒,folding-boxboard-cn
folding carton,folding-boxboard-cn
标签,label-paper-cn
label,label-paper-cn
大麦,barley-cn
barley,barley-cn
麦芽,malt-pale-cn
malt,malt-pale-cn
啤酒花,hops-cones
hops,hops-cones
大米,rice-milled-cn
rice,rice-milled-cn
玉米,maize-grain-cn
corn,maize-grain-cn
白糖,sugar-cane-cn
sugar,sugar-cane-cn
酵母,yeast-brewers
yeast,yeast-brewers
冰箱压缩机,compressor-refrigerator-cn
compressor,compressor-rotary-cn
电机,motor-induction-cn
motor,motor-bldc-cn
换热器,heat-exchanger-copper-aluminium-cn
heat exchanger,heat-exchanger-copper-aluminium-cn
电线,cable-copper-pvc-cn
cable,cable-copper-pvc-cn
PCB,printed-circuit-board-bare-cn
线路板,printed-circuit-board-bare-cn
液晶面板,display-panel-lcd-cn
display panel,display-panel-lcd-cn
LED,led-package-cn
灯珠,led-package-cn
开关电源,power-supply-cn
power supply,power-supply-cn
磁铁,magnet-ferrite-cn
magnet,magnet-ndfeb-cn
R32,refrigerant-r32-cn
R134a,refrigerant-r134a-cn
R410A,refrigerant-r410a-cn
R290,refrigerant-r290-cn
R600a,refrigerant-r600a-cn
制冷剂,refrigerant-r32-cn
冲压,stamping-steel-cn
stamping,stamping-steel-cn
注塑,injection-moulding-cn
injection molding,injection-moulding-cn
挤出,extrusion-plastic-cn
extrusion,extrusion-plastic-cn
吸塑,thermoforming-cn
thermoforming,thermoforming-cn
压铸,die-casting-aluminium-cn
铸造,iron-casting-step-cn
casting,die-casting-aluminium-cn
机加工,machining-steel-cn
machining,machining-steel-cn
焊接,welding-arc-cn
welding,welding-arc-cn
喷涂,painting-powder-cn
painting,painting-wet-cn
热镀锌,galvanising-hot-dip-cn
galvanizing,galvanising-hot-dip-cn
密炼,tyre-mixing-cn
tyre mixing,tyre-mixing-cn
压延,tyre-calendering-cn
tire calendering,tyre-calendering-cn
成型,tyre-building-cn
tyre building,tyre-building-cn
硫化,tyre-curing-cn
tyre curing,tyre-curing-cn
总装,assembly-appliance-cn
assembly,assembly-appliance-cn
货车运输,lorry-average-diesel-cn
lorry,lorry-average-diesel-cn
truck,lorry-heavy-diesel-cn
电动货车,lorry-heavy-electric-cn
electric lorry,lorry-heavy-electric-cn
铁路运输,rail-freight-cn
rail,rail-freight-cn
内河驳船,barge-bulk-cn
barge,barge-bulk-cn
海运,ship-container
container ship,ship-container
空运,air-freight-long-haul
air freight,air-freight-long-haul
冷链运输,lorry-reefer-diesel-cn
reefer,ship-reefer-container
垃圾填埋,landfill-mixed-cn
landfill mixed waste,landfill-mixed-cn
填埋 塑料,landfill-plastic-cn
landfill glass,landfill-glass-cn
垃圾焚烧,incineration-mixed-cn
incineration municipal waste,incineration-mixed-cn
焚烧 橡胶,incineration-rubber-cn
incineration PVC,incineration-plastic-pvc-cn
回收 钢,recycling-steel-cn
recycling steel,recycling-steel-cn
制冷剂回收,refrigerant-recovery-cn
refrigerant recovery,refrigerant-recovery-cn
拆解 冰箱,dismantling-refrigerator-cn
dismantling,dismantling-refrigerator-cn
翻新轮胎,tyre-retreading-cn
retreading,tyre-retreading-cn
热裂解,tyre-pyrolysis-cn
pyrolysis,tyre-pyrolysis-cn
水泥窑,tyre-cement-kiln-cn
cement kiln,tyre-cement-kiln-cn
污水处理,wastewater-treatment-municipal-cn
waste water,wastewater-treatment-municipal-cn
wastewater,wastewater-treatment-municipal-cn
"""


def first_five(release: Release, text: str) -> list[str]:
    return [hit.code for hit in release.catalogue.search(text, 5)]


def pairs(text: str) -> list[tuple[str, str]]:
    words = text.split()
    return list(zip(words[::2], words[1::2], strict=True))


def test_there_are_at_least_three_hundred_processes(release: Release) -> None:
    assert len(set(release.codes)) >= 300


@pytest.mark.parametrize(("text", "code"), list(csv.reader(WANTED.split("\n")[1:-1])))
def test_what_is_bought_is_among_the_first_five_found(release: Release, text: str, code: str) -> None:
    assert code in first_five(release, text)


def test_electricity_of_eight_types() -> None:
    asked = {code for _, code in csv.reader(WANTED.split("\n")[1:-1])}
    assert {f"electricity-{kind}-cn" for kind in EIGHT_TYPES.split()} <= asked
    assert len(EIGHT_TYPES.split()) == 8


@pytest.mark.parametrize(("name", "code"), pairs(PROVINCES))
def test_electricity_of_every_province(release: Release, name: str, code: str) -> None:
    assert first_five(release, f"{name}电力")[0] == f"electricity-{code}"
    assert release.location(release.index[f"electricity-{code}"]) == f"CN-{code.upper()}"


@pytest.mark.parametrize(("name", "code"), pairs(REGIONS))
def test_electricity_of_every_region(release: Release, name: str, code: str) -> None:
    assert first_five(release, f"{name}电力")[0] == f"electricity-{code}-cn"


@pytest.mark.parametrize("country", COUNTRIES.replace("\n", "").split("|"))
def test_electricity_of_countries(release: Release, country: str) -> None:
    code, _, name = country.partition(" ")
    assert first_five(release, f"electricity {name}")[0] == f"electricity-{code}"
    assert release.location(release.index[f"electricity-{code}"]) == code.upper()


def test_the_lists_are_complete() -> None:
    assert len(dict(pairs(PROVINCES))) == 31
    assert len(dict(pairs(REGIONS))) == 7
    assert len(COUNTRIES.split("|")) == 25


@pytest.mark.parametrize("text", ["填埋", "landfill", "焚烧", "incineration", "回收", "recycling"])
def test_a_way_of_disposal_finds_treatments(release: Release, text: str) -> None:
    treats = [release.production[release.index[code]] < 0 for code in first_five(release, text)]
    assert treats[0]
    assert sum(treats) >= 4, "回收 also stands in the names of recycled resins"


def test_processes_are_found_by_their_own_names(release: Release) -> None:
    for code in release.codes[::12]:
        for name in release.catalogue.names([code])[code].values():
            assert code in first_five(release, name), name
