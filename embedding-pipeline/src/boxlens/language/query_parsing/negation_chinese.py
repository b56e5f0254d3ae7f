"""Exclusions in Chinese, see ``negation``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from boxlens.domain.objects import LabelName
from boxlens.language.label_recognition import find_labels, label_of
from boxlens.language.query_parsing.exclusion import EMOJI, MAX_WORDS, NOBODY, Exclusion
from boxlens.language.query_parsing.vocabulary import MEASURES
from boxlens.language.segmentation import is_word, segment_chinese

_MEASURE = f"[{''.join(MEASURES)}]"
_BEFORE = r"(?:[，,]\s*)?(?:请|我|但是?|而|又|却|也|都|既)*"
_PREDICATE = r"不是|并非"
"""They deny what a thing is: 不是红色的车 asks for a car of another colour, 没有红色的车 for pictures without it."""

_FEW = r"没有?(?:几[个只辆条位名头匹]?|什么|啥|多少)|(?:从来?|还)?没[见看听拍]过"
"""Denies that there are many, or that it was so before."""

_NO_NOUN = (
    "(?!骑[手士兵师]|背[包心景带篓囊板面]|打[火印字孔][机器]?|坐[垫椅骑]|坐便|拉[链杆手面环布]|挂[钟钩件饰历画车锁毯坠]|停车[位场牌标库]"
    "|停机坪|抱枕|带[子鱼]|系[带统]|放[大映][镜机]|穿衣镜|穿山甲|牵[引牛绳]|拿铁)"
)
"""Things whose names begin with what one does with others: 没有骑手 denies a rider, 没有骑车 who rides."""

_NEGATOR = re.compile(
    rf"{_BEFORE}(?!{_FEW})(?:(?P<predicate>{_PREDICATE})"
    r"|(?:没有?|不要|不|别|未|[请切]?勿)(?:出现|拍到?|拍摄|看到|看见|见到|找到)|不想要有?|不想有|不想[看见]到?|不要看到|不希望有|不需要有?|用不着|[看见找]不[到见着]|未见|不见"
    r"|(?:不要|别)(?:再)?(?:给我们?)?(?:看到?|找|搜索?|显示|展示)|(?:不要|别)(?:再)?给我们?看?"
    rf"|(?:没有|[没未不]){_NO_NOUN}(?:戴|穿|骑|拿|带|打|坐|牵|背|抱|拉|系|停|放|挂)(?:着|过)?|没有|不带|不含|不要有?|别要|别有|没"
    r"|除了|除去|除开|除|排除|去掉|去除|剔除|减去|过滤掉|屏蔽掉?|移除|删掉|不包括|不包含|缺少|缺了|请勿|切勿"
    r"|(?P<adjective>无)|(?P<risky>非|免|勿|缺|少了|忽略掉?|隐藏掉?|跳过|避开|过滤|不用))\s*"
    rf"(?:任何的?|[一半]{_MEASURE}|[一半](?=人|狗|猫|车))?"
)
"""Those that are ``risky`` deny only a class; behind an ``adjective`` stands one word (无车街道)."""

_NOT_A = re.compile(r"非(?P<name>[\u3400-\u9fff]{1,4}?)(?=动物|东西|的|类|照片|图片|$|[\s，,。])")
_AFTER = re.compile(
    rf"(?:连\s*(?:一{_MEASURE}?)?|一{_MEASURE}?)(?P<counted>[\u3400-\u9fff]{{1,9}}?)(?:都|也)(?:没有|没出现|没看到|不见|看不到|看不见|没)(?:的|$|(?=[\s，,。]))"
    r"|(?P<other>[\u3400-\u9fff]{1,9})(?:以外|之外|除外)\s*的?"
    r"|把(?:所有|全部)?的?有?(?P<taken>[\u3400-\u9fff]{1,6}?)的?(?:照片|图片)?(?:都|全)?(?:去[掉除]|排除|删掉|过滤掉?|剔除|移除)"
    r"|(?P<all>[\u3400-\u9fff]{1,4})都(?:没有|没|不要)(?:的|$)"
)
_NOBODY = re.compile(rf"{_BEFORE}空?(?P<name>无一人)\s*的?")
LEFT_NAME = re.compile(r"[\u3400-\u9fff]+")
_ENDS = re.compile(r"的|以外|之外|除外|外|和|与|或者?|跟|及|、|在|但|而|也|都|没|不|无|既|且")
_COLOUR_OF = re.compile(r"[红橙黄绿蓝紫粉棕黑白灰金银]色?的")
_JOINT = re.compile(r"\s*(?:和|与|或者?|跟|及|、|也没有|，没有|,\s*没有|也不要)\s*")
_TAIL = re.compile(
    r"\s*(?:[骑坐用住开走睡](?=的))?(?:以外|之外|外)?\s*(?:都可以|都行|都要)?\s*的?(?:\s*(?:时候|地方|场景|场合)$)?\s*"
)
NO_NEGATION = re.compile(
    r"无烟[区火烧炉锅]|无忧无虑|无忧|无绳|无痕|无缝|无酒精|无障碍|无公害"
    r"|无人(?:机|驾驶|车(?![站间库厢道辆])|船|艇|岛|区|超市|商店|便利店|店|售货|货架|仓|配送|餐厅)|无线|无花果|无数|无尾熊|无轨|无名|无限|无边|无敌|无锡|无袖|无框|无糖|无菌|无论|无法|别墅|别针|别人|别的|区别|特别|告别"
    r"|分别|级别|性别|除夕|除[^\s，。的]{1,3}(?:剂|器|机|液|仪|霜)|除[味臭锈垢螨虫霉冰霜毛皱颤油]|除草|除湿|除尘|除雪|除法|清除|拆除|删除|消除|解除|淹没|沉没|出没|没落|没药|没收|要不要|有没有|不锈钢|不倒翁|对不起"
    r"|非机动|没关系|没问题|没有问题|没事|没有?办法|没用|没劲|没意思|没完没了|没头没脑|没大没小|没心没肺|没精打采|没日没夜|空无一物|一无所有|独一无二|无一例外|没想到|没错|没准|非洲|非常|非凡|非法|是非|免费|免税|免疫|缺口|缺陷|不[仅止只单](?:仅|止|只)?(?:是|有)?|不得不|打不打|不停|不错|不同|不少|不管|不打[折烊]|不放心|不见不散|[可所]以外"
    r"|请勿(?:吸烟|打扰|入内|进入|靠近|触摸|践踏|攀[爬登]|翻越|倚靠|投喂|喂食|拍照|乱扔|使用|饮食|大声|随地|跨越|动手)"
    r"|不(?:可回收|粘锅|干胶|规则|对称|夜城|死鸟|求人|限速|动产|文明|倒翁)"
)
DENIAL = re.compile(
    rf"{_FEW}|不喜欢|不爱|(?<!不)讨厌(?!鬼)|没(?!有)|"
    r"没有|没看|没出现|[见找]不[到着]|不需要|没拍|不带|不含|不要|不想|不是|不出现|不希望|不包|看不[到见]|不见|未见|别出现|别给我|不在(?!乎)|并非|除了|除外|以外|之外|排除|剔除|去除"
    r"|[没未不](?:戴|穿|骑|拿|牵|背|抱)|[没未]在|不[会能可准许让肯敢愿该应吃喝看听养玩坐站睡躺跑走动笑哭叫说开关亮太够怎红黄绿蓝黑白]|不(?:模糊|清[楚晰])|勿"
)


def exclusions(text: str, labels: Sequence[LabelName]) -> Iterator[Exclusion]:
    """All that a normalized text excludes in Chinese, in any order; some may overlap."""
    if LEFT_NAME.search(text) is None:
        return
    for match in _NOBODY.finditer(text):
        yield Exclusion(match.start(), match.end(), (match.span("name"),))
    classes = _classes(text, labels)
    yield from _behind(text, classes)
    for match in _NEGATOR.finditer(text):
        if _is_saying(text, match) or _denies_doing(text, match, classes):
            continue
        names = list(_names(text, match, classes))
        if names:
            tail = _TAIL.match(text, names[-1][1])
            yield Exclusion(match.start(), tail.end() if tail else names[-1][1], tuple(names))


def _is_saying(text: str, negator: re.Match[str]) -> bool:
    """Whether the negator begins a word of four characters, as sayings have: 无家可归 denies no home."""
    start = negator.start("adjective")
    return start >= 0 and is_word(text[start : start + 4]) and len(text) >= start + 4


def _denies_doing(text: str, negator: re.Match[str], classes: dict[int, int]) -> bool:
    """Whether what is denied is something done, no thing: 没吃完的披萨."""
    run = LEFT_NAME.match(text, negator.end())
    if run is None or negator.end() in classes or not negator.group().endswith(("没", "未")):
        return False
    return segment_chinese(run.group())[0].tag == "v"


def _classes(text: str, labels: Sequence[LabelName]) -> dict[int, int]:
    """Where names of classes stand, start to end; also one that a word of denial stands before as a part of its word:
    非狗."""
    classes = {start: end for _, start, end in find_labels(text, labels)}
    for match in _NOT_A.finditer(text):
        classes |= {start: end for start, end in (match.span("name"),) if label_of(match["name"], labels) is not None}
    return classes


def _behind(text: str, classes: dict[int, int]) -> Iterator[Exclusion]:
    """Things whose denial stands behind them."""
    for match in _AFTER.finditer(text):
        group = match.lastgroup or ""
        start, end = match.span(group)
        if "除" in match[group]:
            continue  # 除狗以外: its negator stands in front
        first = next((at for at in sorted(classes) if start <= at and classes[at] == end), None)
        if first is None and group == "all":
            continue
        if first is not None and group == "other":  # 公园里狗除外: the class alone, and what colours it
            coloured = [c.start() for c in _COLOUR_OF.finditer(text, start, first) if c.end() == first]
            start = coloured[0] if coloured else first
            yield Exclusion(start, match.end(), ((start, end),))
        else:
            yield Exclusion(match.start(), match.end(), ((start, end),))


def _names(text: str, negator: re.Match[str], classes: dict[int, int]) -> Iterator[tuple[int, int]]:
    """The things that are denied together, each where it stands."""
    start = negator.end()
    if text.startswith("有", start) and start + 1 in classes:  # 排除有狗的照片
        start += 1
    coloured = None if negator["predicate"] or start in classes else _COLOUR_OF.match(text, start)
    if negator["risky"] == "非" and coloured:  # 非红色的车: the colour alone is denied
        yield start, coloured.end() - 1
        return
    if negator["risky"] and start not in classes:
        return
    name = chinese_name(text, coloured.end() if coloured else start, classes, one_word=negator["adjective"] is not None)
    if name is not None and coloured:
        name = start, name[1]
    while name is not None:
        yield name
        joint = _JOINT.match(text, name[1])
        name = chinese_name(text, joint.end(), classes) if joint else None


def chinese_name(text: str, start: int, classes: dict[int, int], *, one_word: bool = False) -> tuple[int, int] | None:
    """Where the name of a thing stands that begins at ``start``: a class, or a few characters up to a particle, with
    ``one_word`` the first word of these; a Latin word as well. ``classes``: start to end of the names of classes."""
    latin = re.match(rf"[a-z]+|{EMOJI}", text[start:])
    if latin:
        return start, start + latin.end()
    run = LEFT_NAME.match(text, start)
    if run is None or text[run.start() : run.end()] in NOBODY:
        return None
    end = classes.get(start)
    if end is None:
        stop = _ENDS.search(text, start, run.end())
        end = stop.start() if stop else run.end()
        if one_word and end > start and "的" not in text[end : end + 1]:
            end = start + segment_chinese(text[start:end])[0].end
    if not 1 <= end - start <= 3 * MAX_WORDS:
        return None
    return start, end
