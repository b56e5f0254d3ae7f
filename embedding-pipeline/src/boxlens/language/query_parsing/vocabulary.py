"""Words by which people say how many, how things stand to each other, and what is not meant, in two languages.

All is written as ``tokens.normalize`` writes it. Chinese words are found inside a run of characters, the longest
first, so a word that merely holds another of these (和服, 上海) is listed among ``COMPOUNDS`` to be left alone.
"""

from __future__ import annotations

import re

from boxlens.domain.queries import RelationName
from boxlens.language.tokens import query_tokens


def _table(**groups: str) -> dict[str, str]:
    """``name="word, other word"`` to word -> name."""
    return {word.strip(): name for name, words in groups.items() for word in words.split(",")}


DIGITS_ZH = tuple("一二三四五六七八九")
NUMBERS = {"a couple of": 2, "a pair of": 2, "couple of": 2, "pair of": 2, "a trio of": 3, "trio of": 3, "两": 2}
SMALL_NUMBERS = tuple(
    """one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
    eighteen nineteen twenty""".split()
)
NUMBERS |= {w: n for n, w in enumerate(SMALL_NUMBERS, 1)}
NUMBERS |= {
    f"{ten}{joint}{unit}".rstrip("- "): tens + n
    for tens, ten in zip(
        range(20, 100, 10), "twenty thirty forty fifty sixty seventy eighty ninety".split(), strict=True
    )
    for joint in "- "
    for n, unit in enumerate(("", *SMALL_NUMBERS[:9]))
}
NUMBERS |= {w: n for n, w in enumerate((*DIGITS_ZH, "十"), 1)}
NUMBERS |= {"几": 2, "好几": 3, "多": 2, "两三": 2, "三四": 3, "三五": 3, "四五": 4, "五六": 5, "十几": 10}
NUMBERS |= {"数": 3, "三两": 2}
"""Chinese ones are numbers before a measure word alone."""

GROUPS = tuple("群堆伙帮排队窝批")
"""Measure words of many things: of 一群 there are three at least, of 两群 and 三对 four."""

COUNTLESS = 12
"""Fewest things of which people say dozens or hundreds: nobody counts them."""

_GROUPS_EN = "group crowd herd flock bunch pack swarm stack pile row line fleet team party school".split()

VAGUE_NUMBERS = {
    number: least
    for least, words in (
        (2, "several, multiple, a few, 俩, 若干, 若干个, 一些, 成对的, 一对, 一双"),
        (3, "仨"),
        (3, "many, numerous, countless, lots of, plenty of, tons of, loads of, a lot of, a number of, a handful of"),
        (3, ", ".join(f"{a}{group}{b}" for group in _GROUPS_EN for a, b in (("a ", " of"), ("", " of"), ("", "s of")))),
        (3, "很多, 许多, 好多, 好些, 不少, 无数, 无数只, 无数个, 无数辆, 众多, 大量, 大批, 成群的, 一群群, 一排排"),
        (3, ", ".join(f"一{size}{group}" for size in ("", "大", "小") for group in GROUPS)),
        (4, ", ".join(f"{n}{group}" for n in ("两", "三", "几", "好几") for group in (*GROUPS, "对", "双"))),
        (6, "half a dozen, half dozen, 半打"),
        (
            COUNTLESS,
            "a dozen, dozen, two dozen, three dozen, a hundred, one hundred, hundred, dozens of, scores of, "
            "hundreds of, thousands of, 一打, 成千上万, 成百上千",
        ),
    )
    for number in words.split(", ")
}
"""Fewest things that people mean by a word, so that one of them alone is no answer."""

MEASURES = tuple("只条辆个位名匹头台部架艘把张本棵朵杯瓶件块颗支盏顶扇间座枝株片根碗盘")

QUANTIFIERS = _table(
    least="at least, no fewer than, no less than, 至少, 起码, 不少于",
    most="at most, no more than, not more than, up to, 最多, 至多, 顶多, 不超过, 不多于",
    exactly="exactly, only, just, 正好, 恰好, 刚好, 只有, 仅有, 仅",
    more="more than, over, 超过, 多于, 不止, 不只",
    fewer="fewer than, less than, 少于, 不到, 不足",
    about="about, nearly, almost, roughly, approximately, 大约, 大概, 差不多, 将近, 接近",
)
OR_MORE = ("以上", "及以上", "或以上", "或更多")
"""Behind a number and its measure word: that many, or more."""

RELATIONS: dict[str, str] = _table(
    left_of="left of, to the left of, on the left of, on the left side of",
    right_of="right of, to the right of, on the right of, on the right side of",
    above="above",
    below="below, under, underneath, beneath",
    on="on top of, on, sitting on, standing on, lying on",
    inside="inside, inside of, in, within, sitting in",
    contains="containing",
    overlaps="overlapping",
    larger_than="larger than, bigger than",
    smaller_than="smaller than",
)
PLACES: dict[str, str] = _table(
    left_of="左边, 左侧, 左面, 左方",
    right_of="右边, 右侧, 右面, 右方",
    above="上方, 正上方",
    below="下面, 下方, 下边, 底下, 正下方, 下",
    on="上面, 上边, 上",
    inside="里面, 里边, 里头, 里, 内, 当中, 之中, 中",
)
SCENE_RELATIONS = frozenset(("in", "on", "within", "sitting in", "sitting on", "上", "下", "里", "内", "中"))
"""These tell of a scene more often than of two boxes ("dog in snow"), so they relate known labels alone."""

UNREAD_RELATIONS = re.compile(
    r"\b(?:next to|beside|near|close to|behind|in front of|between|around|facing|across from"
    r"|(?:to|on) (?:its|their|his|her|the|either|each|both) (?:left|right|sides?)(?! (?:side )?of))\b"
    r"|旁边|身边|旁|附近|后面|后边|背后|前面|前边|之间|中间|周围|对面|在[\u3400-\u9fff]{1,6}[前后](?![天年台院门备来往])|在[左右][边侧面方]"
)
"""Words for how things stand to each other that boxes do not tell: depth, nearness, direction of view."""

SIGN_TEXT = r"\bno\s+[a-z]+\s+(?:allowed|permitted)\s+(?:sign|notice|poster|sticker|symbol)s?\b"
"""A pattern of what a sign says, whose words ask for the sign: no dogs allowed sign."""

SIZES: dict[str, str] = _table(larger_than="大, 更大, 还大, 还要大", smaller_than="小, 更小, 还小, 还要小")
CONJUNCTIONS = ("and", "&", "together with", "along with", "as well as", "和", "与", "跟", "及", "以及", "还有", "、")

COLOURS = frozenset(
    "red orange yellow green blue purple pink brown black white grey gray golden silver beige tan".split()
)
MODIFIERS = COLOURS | frozenset(
    "big small little large tiny huge old young tall short long new dark light striped".split()
)
MADE_OF = frozenset(
    "wooden wood metal steel plastic glass ceramic porcelain leather stone brick paper cloth fabric wicker".split()
)
MADE_OF_ZH = tuple(
    """不锈钢 大理石 玻璃 塑料 陶瓷 木头 木制 木质 铁艺 金属 真皮 皮质 皮革 布艺 水晶 帆布 木 铁 石 皮 布 竹 藤 瓷
    铜""".split()
)
"""What a thing is made of, the longest first."""
_ZH_COLOURS = tuple("红橙黄绿蓝紫粉棕黑白灰金银")
MODIFIERS_ZH = (*_ZH_COLOURS, *(f"{c}色" for c in _ZH_COLOURS), *"大小老高矮长短新旧", "年轻")
ALL_MODIFIERS = MODIFIERS | frozenset(MODIFIERS_ZH)

FILLER_WORDS = tuple(
    """
of with at by near beside behind for from to is are was were that which who while as it there be being
photo photos picture pictures image images pic pics
的 在 了 着 正 正在 都 一起 们 有 是 旁 旁边 附近 前 前面 后 后面 坐 站 跑 玩 睡 趴 走 骑 吃 喝 打 看 抱 叫 飞 游 拿 牵
照片 图片 相片 图 合影 合照
""".split()
)
PHOTO_WORDS = frozenset("照片 图片 相片 图 合影 合照".split())

COMPOUNDS = tuple(
    """
和服 和平 和平鸽 和尚 和谐 和睦 和气 和声 和弦 和面 和牛 和田 和风 和室 和蔼 温和 柔和 暖和 共和 共和国 饱和
总和 祥和 缓和 随和 平和 谦和 参与 与会 赠与 高跟 高跟鞋 跟头 跟踪 跟随 脚跟 及格 及时 普及 涉及 埃及 比赛 比萨
比萨饼 比基尼 比熊 比特 比如 比例 对比 相比 现在 存在 在线 在家 所有 没有 有趣 拥有 有轨电车 有限 公里 里程
里程碑 巴黎 上衣 上海 上学 上班 上课 上车 上午 早上 晚上 马上 以上 上网 下雨 下雪 下班 下午 下巴 天下 地下
地下室 以下 大衣 大楼 大海 大学 大人 大家 大厦 大堂 小吃 小学 小说 小时 中国 中文 中午 中间 中心 国内 室内 内衣
内部 十字 十字路口 一样 两侧 两边 二维码 三角 三角形 三轮车 三脚架 三明治 四季 四川 五星 五角星 七夕 八宝粥
一次性 黑白 红白 长颈鹿 长城 长椅 高尔夫 高铁 高速 小提琴 大提琴 大熊猫 小熊猫 新闻 金鱼 白菜 黄瓜 黄油 红酒
绿茶 黑板 白板 老师 老虎 老鼠 老板 手下 心中 空中 其中 集中 中式 图书馆 地图 看板 飞机 飞盘 游泳 打火机 前台
后台 走廊 站台 吃货 下棋 下水 下车 下课 下山 下楼 下跪 下厨 下地 下河 下坡 上山 上楼 上坡 上树 上桥
""".split()
)
BINOMIALS = frozenset(
    """
rock and roll, salt and pepper, bed and breakfast, black and white, fish and chips, mac and cheese, arts and crafts,
macaroni and cheese, peace and love, love and peace, bread and butter, peanut butter and jelly, drum and bass,
rhythm and blues, gin and tonic, pros and cons, ups and downs, trial and error, law and order, lost and found,
cut and paste, copy and paste, before and after, hide and seek, beauty and the beast, tom and jerry, track and field,
romeo and juliet, dolce and gabbana, barnes and noble, food and drink, hugs and kisses, nuts and bolts, odds and ends,
pins and needles, war and peace, crime and punishment, stars and stripes, ham and cheese, sweet and sour, hot and cold,
old and new, big and small, dead and alive, safe and sound, young and old, up and down, left and right, here and there,
day and night, light and shadow, research and development, peace and quiet, bits and pieces, cat and mouse,
sun and moon, yin and yang, mix and match, wash and fold, stop and go, r and b, q and a
""".replace("\n", " ")
    .strip()
    .split(", ")
)
ABSTRACT_NOUNS = frozenset(
    """
hour day week month year minute second percent dollar euro yuan km meter metre mile time way tone story storey star
photo picture image point piece part side color colour degree floor direction season
""".split()
)
"""Countable, but nothing that stands in a box."""

PAIRED = frozenset(("scissors", "skis", "剪刀", "滑雪板", "双板"))
"""One thing of these is called a pair."""

ABSTRACT_NOUNS_ZH = tuple("月 小时 星期 礼拜 世纪 分钟 天 年 照片 图片 方向 颜色 点 元 季节".split())

ARTICLES = frozenset("a an the some any this that these those my our his her their its".split())
INVARIANT = frozenset("sheep deer fish scissors people men women children mice geese aircraft moose bison skis".split())
_POSTURES = tuple("坐在 站在 睡在 趴在 躺在 停在 走在 放在 摆在 挂在 里面有 里有 中有 同时有 同时 都有".split())
"""Left of a text whose things were read, these say nothing more of them."""

_FILLERS = (
    ARTICLES
    | PHOTO_WORDS
    | frozenset("photo picture image pic show me find everything anything both please 个 只 拍 一 拍摄".split())
)


def only_stop_words(text: str) -> bool:
    """Whether a text names nothing that could be looked for: articles, "photos of", 的照片, punctuation."""
    plain = text
    for word in (*PHOTO_WORDS, *_POSTURES, "拍摄", "的", "拍"):
        plain = plain.replace(word, " ")
    tokens = query_tokens(f"{plain} of")  # beside a word that tells nothing, others of that kind are left in: drop it
    return all(t in _FILLERS or t in ("of", "的", "和", "与", "在", "有", "and", "with") for t in tokens)


def relation_of(table: dict[str, str], word: str) -> RelationName:
    """The relation that a word of ``RELATIONS``, ``PLACES`` or ``SIZES`` stands for."""
    name: RelationName = table[word]  # type: ignore[assignment]
    return name
