"""Words that hold the name of something else: what makes a compound with a name, and what is cut off a name.

A dog house is no dog and 香蕉树 is no banana, but in "dog running", 骑马 and 车里 the name is a word of its own, though
the segmenter may leave it together with a verb, a place, a look or a numeral.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache

from boxlens.language.query_parsing.vocabulary import (
    ARTICLES,
    COMPOUNDS,
    GROUPS,
    MADE_OF_ZH,
    MEASURES,
    MODIFIERS,
    NUMBERS,
    VAGUE_NUMBERS,
)
from boxlens.language.segmentation import Segment, is_word, segment_chinese

OTHER_THINGS = tuple(
    line.strip()
    for line in """
sheep dog | carrot cake | pizza oven | teddy boy | cake stand | umbrella stand | tv stand | kite surfing
zebra crossing | rocking horse | flower bed | river bed | sea horse | saw horse | clothes horse | ball room | stop watch
vase painting | football field | baseball field | soccer field | hair ball | meat ball | cotton ball | crystal ball
snow ball | fire ball | cat fish | dog fish | jelly fish | water bed | sun bed | pine apple | egg plant | fire fly
butter fly | dragon fly | lady bird | cow boy | horse shoe | bird house | custard apple | freight car | passenger car
pool table | boston bull | apple watch | apple phone | sofa bed | toaster oven | cup cake | toilet bowl | banana boat
dutch oven | madagascar cat | train car | pay phone | gummy bear | koala bear | paper plane
paper airplane | paper boat | prairie dog | corn dog | sun dog | sea dog | pit bull | red bull | pommel horse
hobby horse | trojan horse | carousel horse | horse fly | sea cow | cash cow | early bird | big bird | angry bird
meer kat | water bear | care bear | cable car | side car | bumper car | dining car | tram car | go kart | wedding train
hand truck | exercise bike | stationary bike | spin bike | quad bike | gravy boat | sauce boat | inclined plane
water jet | jet ski | water ski | space ship | air ship | star ship | rocket ship | blood vessel | work bench
weight bench | cocktail umbrella | railway tie | railroad tie | cable tie | zip tie | hair tie | twist tie | eye ball
disco ball | moth ball | rice ball | fish ball | gum ball | paint ball | stress ball | cannon ball | wrecking ball
christmas ball | red kite | black kite | world cup | suction cup | super cup | stanley cup | davis cup | bra cup
tuning fork | pitch fork | garden fork | bike fork | hay fork | palette knife | super bowl | dust bowl | rose bowl
big apple | adam's apple | candy apple | caramel apple | agent orange | mock orange | clockwork orange | carrot top
ice cream sandwich | rice cake | fish cake | crab cake | moon cake | soap cake | hot cake | sea bed | lake bed
garden bed | raised bed | truck bed | tanning bed | stream bed | vegetable bed | rose bed | pet bed | dog bed | cat bed
periodic table | water table | turn table | time table | ping pong table | snooker table | billiard table
operating table | baby monitor | heart monitor | heart rate monitor | blood pressure monitor | field mouse
church mouse | harvest mouse | mickey mouse | minnie mouse | piano keyboard | musical keyboard | electric keyboard
electronic keyboard | midi keyboard | head phone | ear phone | micro phone | mega phone | clay oven | heat sink
river basin | face book | check book | e book | body clock | biological clock | night watch | bird watch | smart watch
snow man | gingerbread man | iron man | spider man | bat man | super man | straw man | stick man | wonder woman
bat girl | play boy | game boy | baseball coach | football coach | basketball coach | soccer coach | tennis coach
head coach | life coach | life cycle | water cycle | battering ram | elephant calf | whale calf | giraffe calf
leg of lamb | rack of lamb | table of contents | bed and breakfast | cat and mouse game | ball of yarn | bed of roses
people carrier | people mover
phone screen | frisbee golf | disc golf | confetti ball | mirror ball | kick scooter | police car light
magnifying glass
year of the horse | year of the dog | year of the sheep | year of the goat | year of the ox
elephant and castle | hello kitty | cat woman | penguin book | dodge ram | memphis grizzly | baltimore raven
cat eyed glass | cat eye glass | man eating shark | man eating tiger | man eating lion | man eating plant
orange is the new black
broken glass | stained glass | looking glass | spy glass | safety glass | tree trunk | elephant trunk | car trunk
swimming trunk | crane truck | construction crane | tower crane | fried chicken | grilled chicken | roast chicken
crane fly | deer fly | dog pile | table runner | road runner | front runner | carpet runner | door mouse
couch surfing | crowd surfing | wind surfing | channel surfing | web surfing | train surfing | table tennis
chicago bear | chicago bull | buffalo bull | dallas cowboy | philadelphia eagle | atlanta hawk | pittsburgh penguin
anaheim duck | indianapolis colt | los angeles ram | la ram | zeebra crossing | detroit lion | charlotte hornet
roast duck | roast turkey | record player | video player | music player | family tree | family name | guard rail
狗年 | 马年 | 牛年 | 羊年 | 鸡年 | 红牛 | 四人桌游 | 六人桌游
手机屏幕 | 摇摇马 | 挖掘车 | 平衡车 | 猫爬架 | 钢琴键盘 | 电子琴键盘 | 飞盘高尔夫 | 胡萝卜蛋糕
桌游 | 悠悠球 | 溜溜球 | 音乐键盘 | 滑雪场 | 小红书 | 小黄车 | 海洋球 | 推车 | 婴儿推车
狗咬胶 | 猫跳台 | 无人超市 | 无人商店 | 无人店 | 无人便利店 | 无人区 | 无人岛 | 无人售货机 | 无人餐厅 | 香蕉船
苹果手机 | 苹果电脑 | 苹果笔记本 | 苹果表
熊孩子 | 杯子蛋糕 | 热狗车 | 牛角包 | 汽车站 | 人马座 | 平板电脑 | 电脑键盘 | 付费电话 | 公用电话 | 开信刀 | 拆信刀
公交汽车 | 半挂汽车 | 荷兰烤箱 | 马里努阿犬
三叉 | 举人 | 能人 | 中人 | 下人 | 天人 | 过人 | 走人 | 表里
""".strip()
    .replace("\n", "|")
    .split("|")
)
"""Compounds that the rules below would take for two things, or for the thing they end with."""

_ZH_HEADS = ("n", "v", "q", "z", "x", "g", "t", "l", "j")
"""Tags of a Chinese word that, right behind a name, may make a compound of the two."""

_ZH_APART = frozenset(
    "比坐站跑玩睡趴走骑吃喝打看抱叫飞游拿牵叼咬追跳爬踢喂撑遛戴穿背举推拉躺在有是没上下里中内旁前后和与跟及或的了着"
)
"""Characters that, as words, say what a thing does or where it is, however they are tagged."""

_ZH_DOING = frozenset(
    """正在 啊 哦 踩 亲吻 跨栏 背靠背 面对面 手拉手 运动员 爱好者 选手 队员 特技 表演 飞翔 滑翔 打架 吵架 咬架 聊天
    上学 等车 过河 过桥 上山 下山 爬山 登山 爬树 画画 跳绳 骑车 洗碗 张望 戏水 潜水 散步 跑步 走路 排队 晒太阳 喝奶
    啄食 传球 运球 野餐 干杯 哺乳 上车 乘车 流泪 冥想 嗅闻 淋雨 打呼噜 航行 靠岸 下棋 游泳 睡觉 回家 微笑""".split()
)
"""Words tagged as others of which that make a compound: what someone does, and who does it with the thing named."""

_ZH_TOOLS = frozenset("车机器架板椅床衣服鞋房间场馆店包袋帽杯碗盆桶垫服圈绳带")
"""Ends of what is made for someone: 婴儿推车 is no baby, but in 小孩吹泡泡 there is a child."""

_ZH_LOOKS = frozenset("红橙黄青绿蓝紫粉棕黑白灰金银大小老新旧高矮胖瘦花")
_ZH_LOOK_AND_NAME = frozenset(
    """白马 黑马 白猫 黑猫 白狗 黑狗 花猫 老马 新车 旧车 旧书 新书 小车 大车 大狗 老牛 小船 大船 大鸟 小象
    空车 空床 空瓶 空杯 空船""".split()
)
"""Dictionary words that are a look and a thing, not a thing of another kind (as 红包 and 白菜 are)."""

_ZH_WITH_OBJECT = frozenset("有骑遛牵抱喂撑拿叼追踢举推拉坐开修洗带提拎系养摸")
"""Verbs that make one dictionary word with their object, which is a thing of its own: 骑马, 撑伞, 牵狗."""

_ZH_WITH_LONG_OBJECT = frozenset("打看玩吃喝放切买卖戴穿背用烤扔接")
"""The same with an object of two characters and more alone: 看电视 and 打领带, but 打包 and 看书人."""

_ZH_BESIDE = frozenset("牛羊 刀叉 桌椅 猫狗 碗勺 杯碗".split())
"""Dictionary words that are two things."""

_ZH_ANIMALS = frozenset("狗猫马牛羊鸟熊象")

_ZH_WARES = frozenset(
    """椅 椅子 座椅 凳 凳子 长椅 长凳 桌 桌子 餐桌 饭桌 床 沙发 碗 汤碗 饭碗 瓶 瓶子 水瓶 酒瓶 花瓶 杯 杯子 水杯 茶杯
    酒杯 勺 勺子 汤匙 叉 叉子 包 背包 书包 手提包 手袋 水槽 水池 马桶 行李箱""".split()
)
"""What stays what it is whatever it is made of: 木椅 is a chair, but 木马 is no horse."""

_ZH_NOUN_ENDS = frozenset("道纸钩架套罩膜壳贴扣链垫枕坠饰件剂具")
"""Ends of nouns that the dictionary has as verbs: 跑道, 贴纸."""

_ZH_COLOURED = re.compile(
    rf"(?P<verb>[{''.join(sorted(_ZH_WITH_OBJECT | _ZH_WITH_LONG_OBJECT))}]?着?)(?P<size>[大小老新旧]?)"
    r"(?P<look>[红橙黄绿蓝紫粉棕黑白灰金银花])(?P<name>..?)"
)
"""A thing with its colour, and its size or what is done with it before that, which the segmenter leaves as one word."""

_ZH_VERB_OBJECT = frozenset("无人 没人 打伞 放风筝 打球 看书 读书 玩球 玩滑板 扔飞盘".split())
_ZH_PLACES = frozenset("里内中旁边上下前后")
_ZH_NUMBER = re.compile(
    rf"(?:[一二两三四五六七八九十几多这那每]+|[上数成几两][百千])[大小]?"
    rf"(?:[{''.join((*MEASURES, *GROUPS))}双对副串组摞叠筐箱篮])?"
)

_EN_NOUNS = frozenset(
    """
string ring wing king ceiling spring clothing thing wedding railing earring seed shed weed feed sled breed belly family
jelly
""".split()
)
"""Nouns that end as verbs and adverbs do."""

_EN_APART = (
    MODIFIERS
    | ARTICLES
    | frozenset(NUMBERS)
    | frozenset(
        """
every each no not and or but nor with without of in on at by near to from into onto under over above below behind
beside besides between among around across along through inside outside beneath underneath against before after during
than as like for off up down out w please thanks
is are was were be been being has have had do does did can will would should left right
next front back top bottom who which what where when while there here it he she they we you i me him them us very too
also only just both all same together away
slice slices piece pieces bunch bunches herd herds flock flocks pile piles stack stacks pair pairs group groups crowd
row rows half halves chunk chunks pro max ultra
taken seen shown made built bought sold broken stolen hidden driven ridden caught worn born lit kept full empty alone
asleep awake ready high nearby close far about whilst
plus versus vs x upon onto toward towards via amid until though although because if so then
rider riders racer racers
eat eats ate ride rides rode sit sits sat stands stood run runs ran jumps lie lies lay sleeps slept holds held wears
wore looks plays walks fly flies swims drinks drives drove larger bigger smaller taller
beach grass snow rain fog street road forest sea lake river sky night sunset city indoors outdoors
photo photos picture pictures image images pic pics portrait closeup
""".split()
    )
)
"""English words that, right behind a name, do not make a compound with it: function words, verbs, looks, scenes."""


def is_chinese_head(word: str, tag: str, *, last: bool) -> bool:
    """Whether a word right behind a name is the head of a compound with it; ``last``: it ends its phrase."""
    if word in _ZH_APART or word in _ZH_DOING or word[0] in _ZH_LOOKS - {"花"} or not tag.startswith(_ZH_HEADS):
        return False
    # a verb of one character that ends its phrase is the last part of a noun (香蕉树, 冰箱贴)
    return not tag.startswith("v") or (last and len(word) == 1) or (len(word) > 1 and word[-1] in _ZH_NOUN_ENDS)


def is_english_head(word: str) -> bool:
    """Whether an English word right behind a name is the head of a compound with it."""
    if word in _EN_APART or any(c.isdigit() for c in word):
        return False
    return word in _EN_NOUNS or not word.endswith(("ing", "ed", "ly"))


def is_doing(word: str) -> bool:
    """Whether a Chinese word behind a person begins with what one does (吹泡泡), and is nothing made for one."""
    return len(word) > 1 and word[-1] not in _ZH_TOOLS and segment_chinese(word[0])[0].tag.startswith("v")


def is_modifier(word: str, tag: str, name: str) -> bool:
    """Whether a Chinese word right before a name of one character makes a compound with it (牛角 before 包); a colour,
    a coat or what a thing is made of (白色, 长毛, 陶瓷) describes it."""
    made_of = word in MADE_OF_ZH and name in _ZH_WARES
    described = word.endswith(("色", "毛", "纹")) or word in VAGUE_NUMBERS or made_of
    return tag.startswith("n") and word not in _ZH_APART | _ZH_DOING and not described


def chinese_words(run: str, names: frozenset[str]) -> Iterator[Segment]:
    """The words of a run, with numerals, verbs and places that the segmenter left together with a name cut off it."""
    number = False
    for word in _segments(run, names):
        parts = [word.text] if word.text in names else _cut(word, names, counted=number)
        number = word.tag == "m"
        start = word.start
        for part in parts:
            tag = word.tag if len(parts) == 1 else "n" if part in names else "v"
            yield Segment(part, tag, start, start + len(part))
            start += len(part)


def _segments(run: str, names: frozenset[str]) -> Iterator[Segment]:
    """The words of a run, a name behind its colour always one of them (蓝领带 is no 蓝领 and 带)."""
    start = 0
    for coloured in _coloured(names).finditer(run):
        yield from _shifted(segment_chinese(run[start : coloured.start("name")], names), start)
        yield from _shifted(segment_chinese(coloured["name"], names), coloured.start("name"))
        start = coloured.end()
    yield from _shifted(segment_chinese(run[start:], names), start)


def _shifted(segments: Iterable[Segment], by: int) -> Iterator[Segment]:
    return (replace(segment, start=segment.start + by, end=segment.end + by) for segment in segments)


@lru_cache(maxsize=8)
def _coloured(names: frozenset[str]) -> re.Pattern[str]:
    longest_first = sorted((name for name in names if len(name) > 1), key=len, reverse=True)
    return re.compile(f"(?<=[红橙黄绿蓝紫粉棕黑白灰])(?P<name>{'|'.join(map(re.escape, longest_first)) or '(?!)'})")


def _cut(word: Segment, names: frozenset[str], *, counted: bool) -> list[str]:
    """A word in its parts where one of them is a name and a word of its own; else the whole word. ``counted``: a number
    stands before it."""
    text = word.text
    if counted and text[0] in MEASURES and text[1:] in names:  # 四 架飞机
        return [text[0], text[1:]]
    if len(text) > 2 and text[0] == "比" and text[-1] in _ZH_LOOKS and text[1:-1] in names:  # 比马大
        return ["比", text[1:-1], text[-1]]
    for material in MADE_OF_ZH:
        if text.startswith(material) and text[len(material) :] in names & _ZH_WARES:
            return [material, text[len(material) :]]
    number = _ZH_NUMBER.match(text)
    if number and number.end() < len(text) and text[number.end() :] in names and word.tag[:1] in "mnxvrl":
        return [number.group(), text[number.end() :]]
    if text[-1] in _ZH_PLACES and text[:-1] in names and word.tag != "d" and text not in COMPOUNDS:
        return [text[:-1], text[-1]]
    doing, particle, thing = text.partition("着")
    if doing and particle and thing in names:  # 骑着马
        return [doing, particle, thing]
    if text[1:] in names and text[0] in (*_ZH_WITH_OBJECT, *GROUPS):
        return [text[0], text[1:]]
    if len(text) > 2 and text[0] in _ZH_WITH_LONG_OBJECT and text[1:] in names:
        return [text[0], text[1:]]
    if (
        text[1:] in names
        and text[0] in _ZH_LOOKS | {"空"}
        and (len(text) > 2 or text in _ZH_LOOK_AND_NAME or not is_word(text))
    ):
        return [text[0], text[1:]]
    if (coloured := _ZH_COLOURED.fullmatch(text)) and coloured["name"] in names:
        thing = coloured["look"] + coloured["name"]
        if coloured["name"] in _ZH_ANIMALS or thing in _ZH_LOOK_AND_NAME or not is_word(thing):
            return [part for part in coloured.groups() if part]  # 小白狗, 打红伞, but 大红包
    if text in _ZH_BESIDE:
        return [*text]
    if text in _ZH_VERB_OBJECT:
        verb = next(n for n in range(1, len(text)) if text[n:] in names or n == len(text) - 1)
        return [text[:verb], text[verb:]]
    if not is_word(text):
        if all(character in names for character in text):  # 猫狗: one beside the other
            return [*text]
        pieces = [piece for piece in re.split(f"([{''.join(_ZH_APART)}])", text) if piece]
        if len(pieces) > 1 and any(piece in names for piece in pieces):
            return pieces
    return [text]
