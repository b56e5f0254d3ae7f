"""Names that the encoders learn, in both languages: of ImageNet's classes and their kinds, of sets, of COCO."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from boxlens.models.coco_labels import COCO
from training.photographs.material.coco_names import class_of

Names = tuple[tuple[str, ...], tuple[str, ...]]  # English, Chinese

# kinds above ImageNet's classes: first and last number, English and Chinese names
_KINDS = """
0-6, 389-397 | fish | 鱼
2-4 | shark | 鲨鱼
7-24, 80-100, 127-146 | bird | 鸟, 小鸟
7-8 | chicken | 鸡
10-16, 18-20 | small bird, songbird | 小鸟
22-23 | eagle, bird of prey | 老鹰, 鹰
30-32 | frog | 青蛙
33-37 | turtle | 乌龟, 海龟
38-48 | lizard | 蜥蜴
49-50 | crocodile, alligator | 鳄鱼
52-68 | snake | 蛇
72-77 | spider | 蜘蛛
88-89 | parrot | 鹦鹉
97-99 | duck, goose | 鸭子, 鹅
118-121, 125 | crab | 螃蟹
122-124 | lobster | 龙虾
147-148 | whale | 鲸鱼
151-268 | dog, puppy | 狗, 小狗, 犬
269-272 | wolf | 狼
277-280 | fox | 狐狸
281-285 | cat, kitten | 猫, 小猫, 猫咪
286-293 | wild cat, big cat | 野猫, 大猫
294-297 | bear | 熊
300-307 | beetle | 甲虫
300-320 | insect | 昆虫
321-326 | butterfly | 蝴蝶
330-332 | rabbit, bunny | 兔子
339 | horse | 马
341-342 | pig | 猪
345-347 | cow, cattle | 牛, 奶牛
348-349 | sheep | 羊, 绵羊
350 | goat | 山羊
354 | camel | 骆驼
365-368 | ape | 猿
369-382 | monkey | 猴子
385-386 | elephant | 大象, 象
387-388 | panda | 熊猫
404-405, 895 | airplane, aircraft, plane | 飞机
402, 546 | guitar | 吉他
579, 881 | piano | 钢琴
776 | saxophone | 萨克斯
432, 558, 683, 875, 513, 566 | wind instrument, horn | 管乐器, 号
402, 420, 486, 546, 579, 881, 889, 594, 776 | musical instrument | 乐器
436, 468, 511, 627, 656, 661, 751, 817 | car, automobile | 汽车, 小汽车, 轿车
654, 779, 874 | bus | 公交车, 巴士
555, 569, 675, 717, 864, 867 | truck, lorry | 卡车
472, 554, 576, 625, 724, 780, 814, 871, 914 | boat, ship | 船, 小船
403, 510, 628 | ship, large ship | 轮船, 大船
466, 547, 820 | train | 火车
444, 671, 870 | bicycle, bike | 自行车
665, 670 | motorcycle, motorbike, scooter | 摩托车
423, 559, 765 | chair | 椅子
703 | bench | 长椅
831 | sofa, couch | 沙发
532 | table | 桌子
564 | bed | 床
440, 720, 737, 898, 899, 907 | bottle | 瓶子
504, 968, 967, 647 | cup, mug | 杯子
572 | wine glass | 酒杯
409, 530, 892 | clock | 时钟, 钟
531, 826 | watch | 手表
409, 530, 531, 892, 826 | timepiece | 计时器
515, 808, 439, 452 | hat | 帽子
518, 560 | helmet | 头盔
514, 630, 770, 774, 502 | shoe, shoes, footwear | 鞋子, 鞋
608 | trousers, pants, jeans | 裤子, 牛仔裤
655, 601, 689 | skirt | 裙子, 半身裙
578, 655, 689 | dress, gown | 连衣裙, 裙子
568, 617, 735, 869, 474 | coat, jacket | 外套, 大衣
610, 841 | shirt | 衬衫, 上衣
834 | suit | 西装
445, 638, 639, 842 | swimsuit | 泳衣
837, 836 | sunglasses, glasses | 太阳镜, 眼镜
732, 759 | camera | 照相机, 相机
487, 528, 707 | telephone, phone | 电话
487 | cell phone, mobile phone | 手机
508, 878 | keyboard | 键盘
527, 620, 681 | computer | 电脑
664, 782, 851 | television, tv, screen, monitor | 电视, 显示器, 屏幕
619, 846 | lamp | 台灯, 灯
414, 636 | bag, backpack | 包, 背包
748, 893 | purse, wallet, handbag | 钱包, 手提包
722, 429, 430, 574, 768, 805, 852, 890, 522 | ball | 球
429 | baseball | 棒球
430 | basketball | 篮球
805 | soccer ball, football | 足球
795 | ski, skis | 滑雪板
659, 809, 925 | bowl | 碗
499 | knife | 刀
910 | spoon | 勺子
924, 925, 926, 927, 933, 934, 959, 962, 963, 964, 965 | food, dish | 食物, 菜
935, 936, 937, 938, 939, 940, 941, 942, 943, 944, 945, 946 | vegetable | 蔬菜
948-957 | fruit | 水果
948 | apple, green apple | 苹果
950 | orange | 橙子
991-997, 947 | mushroom | 蘑菇
985, 986 | flower | 花
972, 970, 980 | mountain | 山
975, 977, 978 | beach, shore, water | 海滩, 岸边, 水
497, 698, 483, 668, 663, 832 | building | 建筑物
716, 912, 489 | fence | 栅栏
820, 821, 839, 888 | bridge | 桥
883 | vase | 花瓶
738 | potted plant, flower pot | 盆栽, 花盆
861 | toilet | 马桶
896 | sink, washbasin | 水槽, 洗脸盆
760 | refrigerator, fridge | 冰箱
651 | microwave | 微波炉
827 | stove, oven | 炉灶, 烤箱
859 | toaster | 烤面包机
879 | umbrella | 雨伞, 伞
850 | teddy bear | 泰迪熊, 玩具熊
919 | sign, street sign | 标志牌, 路标
704 | parking meter | 停车计时器
752 | tennis racket, racket | 网球拍
921, 917, 454 | book | 书
843 | swing | 秋千
982, 981, 983 | person, man | 人, 男人
"""


def imagenet(path: Path) -> list[Names]:
    """Names of the 1,000 classes in order, those of their kinds with them."""
    names: list[tuple[list[str], list[str]]] = []
    for about in json.loads(path.read_text(encoding="utf-8")).values():
        plain = re.sub(r"[（(].*?[）)]", "", about["zh"])
        names.append(([about["en"]], [part.strip() for part in re.split("[；;]", plain) if part.strip()]))
    for line in _KINDS.strip().splitlines():
        numbers, english, chinese = (part.split(",") for part in line.split("|"))
        for span in numbers:
            first, _, last = span.strip().partition("-")
            for number in range(int(first), int(last or first) + 1):
                names[number][0].extend(name.strip() for name in english)
                names[number][1].extend(name.strip() for name in chinese)
    return [(tuple(en), tuple(zh)) for en, zh in names]


class SetNames:
    """Names of the labels of photo sets; COCO's own names, all of them, for what is one of its classes."""

    def __init__(self, path: Path) -> None:
        tables: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        self._tables = {name: table for name, table in tables.items() if isinstance(table, dict)}
        self._coarse = self._tables["grocery_coarse"]

    def __call__(self, set_name: str, label: str) -> Names:
        number = class_of(label)
        if number is not None and set_name != "flickr8k":
            # people are told apart by phrases; "person" alone must not be called woman or child
            return (("person", "people"), ("人", "人物")) if number == 0 else (COCO[number].en[:2], COCO[number].zh[:2])
        table = {"grocery_store": "grocery_fine", "clothing_small": "clothing", "flickr8k": "flickr30k_entities_heads"}
        chinese = self._tables[table.get(set_name, set_name)].get(label, "")
        english = [_plain(label)]
        names = [chinese] if chinese else []
        if set_name == "grocery_store":
            kind = next((k for k in sorted(self._coarse, key=len, reverse=True) if _kind(k, label)), None)
            if kind:
                english.append(_plain(kind))
                names.append(self._coarse[kind])
        return tuple(english), tuple(names)


_APPLES = ("Golden Delicious", "Granny Smith", "Pink Lady", "Red Delicious", "Royal Gala")
_PEARS = ("Anjou", "Conference", "Kaiser")


def _kind(kind: str, label: str) -> bool:
    listed = {"Apple": _APPLES, "Pear": _PEARS}.get(kind)
    return label in listed if listed else kind.lower() in label.lower()


def _plain(label: str) -> str:
    """A label as a person writes it: "car_side" is "car"."""
    special = {"Faces": "face", "Faces_easy": "face", "airplanes": "airplane", "Motorbikes": "motorbike",
               "Leopards": "leopard", "longsleeve": "long-sleeved shirt", "outwear": "coat",
               "water_lilly": "water lily"}  # fmt: skip
    name = special.get(label, label)
    for end in ("_side", "_body", "_head", "_face"):
        name = name.removesuffix(end)
    return name.replace("_", " ").lower()
