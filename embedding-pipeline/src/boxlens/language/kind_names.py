"""Everyday words for kinds of the COCO classes: a taxi is a car, 鸭子 is a bird; and likenesses of them: a toy train.

A detector that knows cars does not know taxis. So what it calls a car is near to what the word means and may well be
it, but is not so for sure: it is found and marked as weak.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from boxlens.domain.objects import LabelName

# id of the class: English words | Chinese words
_TABLE = """
person: baby, infant, toddler, kid, teenager, guy, adult, crowd, couple, bride, groom, player,
  athlete, worker, driver, cyclist, rider, skier, snowboarder, surfer, skater, dancer, singer, musician, tourist,
  student, teacher, doctor, nurse, police officer, policeman, policewoman, cop, paramedic,
  firefighter, soldier, chef, waiter, farmer, fisherman,
  photographer, baseball player, tennis player, football player, soccer player, skateboarder, biker, motorcyclist,
  hiker, climber, runner, jogger, swimmer, wrestler, catcher, pitcher, batter, umpire, referee, passenger, commuter,
  businessman, businesswoman, fireman, shepherd, cowboy, mother, mom, mum, father, dad, parent, grandma, grandmother,
  grandpa, grandfather, grandparent, brother, sister, son, daughter, wife, husband, friend, folk, dude, actor, actress,
  artist, painter, teen, senior, president, minister, politician, mayor, leader,
  prince, princess, journalist, reporter, celebrity, volunteer, judge, lawyer, scientist, mechanic, technologist,
  engineer, astronaut, pilot, guard, detective, employee,
  chairman, chairwoman, horseman, stranger, foreigner,
  white collar worker, blue collar worker, colleague, citizen, villager, protester, demonstrator,
  refugee,
  boyfriend, girlfriend, grandchild, grandson, granddaughter, family, neighbor, neighbour, classmate, monk, priest, nun,
  clown, sailor, baker, hairdresser, gardener, ballerina, cheerleader, goalkeeper, boxer, gymnast, jockey, guitarist,
  drummer, spectator, audience, preschooler, newborn, aunt, uncle, cousin, niece, nephew, bodyguard, cameraman,
  salesman, granny, daddy, mommy, mummy | 婴儿, 宝宝, 幼儿, 儿童, 小孩子,
  男生, 女生, 情侣, 恋人, 流浪汉, 乞丐, 白领, 蓝领, 蓝领工人, 外国人,
  本地人, 陌生人, 盲人, 残疾人, 猎人, 诗人, 艺人, 主持人, 经纪人,
  一家四口, 一家五口,
  夫妻, 夫妇, 少年, 青年, 美女, 帅哥, 一家人, 一家三口, 家人, 大爷, 大妈, 大叔, 阿姨, 叔叔, 爷爷,
  奶奶, 爸爸, 妈妈, 母亲, 父亲, 哥哥, 姐姐, 弟弟, 妹妹, 朋友, 旅客, 乘客, 路人, 商人, 车手, 赛车手, 摩托车手, 自行车手,
  滑雪者, 冲浪者, 登山者, 选手, 顾客, 客人, 来宾, 孕妇, 小伙子, 小姑娘, 姑娘, 观众, 主人, 牧羊人, 圣诞老人,
  老人, 老奶奶, 老爷爷, 先生, 人们, 人群, 新娘, 新郎, 运动员, 球员, 工人, 司机, 卡车司机, 货车司机, 出租车司机,
  公交车司机, 骑手, 游客, 学生, 老师, 医生,
  护士, 警察, 消防员, 士兵, 厨师, 服务员, 农民, 渔夫, 摄影师, 舞者, 歌手, 爷爷奶奶, 爸爸妈妈, 父母, 爸妈, 孙子, 孙女,
  外公, 外婆,
  姥姥, 姥爷, 儿子, 女儿, 父子, 母女, 母子, 父女, 兄弟, 姐妹, 双胞胎, 丈夫, 妻子, 老公, 老婆, 全家, 全家福, 闺蜜, 同学,
  同事, 邻居, 小宝宝, 领导, 总统, 总理, 主席, 记者, 演员, 明星, 模特, 志愿者, 法官, 律师, 科学家, 宇航员, 飞行员, 空姐,
  保安, 快递员, 外卖员, 职员, 员工, 市民, 村民, 居民, 群众, 示威者, 抗议者, 难民, 病人, 患者, 男友, 女友, 男朋友,
  女朋友, 人像,
  王子, 公主, 工程师, 军人, 民警, 交警, 理发师, 画家, 和尚, 伴娘, 伴郎, 少女, 小学生, 中学生, 大学生
car: taxi, cab, van, minivan, suv, sport utility vehicle, jeep, sports car, race car, police car, limousine, hatchback,
  convertible, station wagon, bmw, mercedes, audi, porsche, ferrari, lamborghini, toyota, honda, volkswagen, tesla,
  volvo, chevrolet, nissan, hyundai | 二手车, 计程车, 休旅车, 宝马, 宝马车, 奔驰, 奔驰车, 奥迪,
  奥迪车, 保时捷, 法拉利, 兰博基尼, 丰田车, 本田车, 大众汽车, 大众车, 丰田汽车, 本田汽车, 福特汽车, 特斯拉, 比亚迪,
  出租车, 的士, 面包车, 越野车, 跑车, 赛车, 警车, 吉普车, 商务车, 车流, 车队, 无人车, 无人驾驶车
bus: school bus, double decker, trolleybus, shuttle bus, tour bus | 游览车, 校车, 双层巴士, 电车, 无轨电车, 公交汽车
truck: fire truck, fire engine, garbage truck, dump truck, tow truck, delivery truck, trailer, semi truck, ram truck,
  food truck | 消防车, 垃圾车, 拖车, 挂车, 半挂汽车, 翻斗车, 餐车
motorcycle: vespa, dirt bike, harley davidson, ducati | 摩托, 电单车, 电摩, 电动摩托
bicycle: mountain bike, tricycle, tandem | 三人自行车, 山地车, 三轮车, 山地自行车
train: tram, subway, metro, steam engine, bullet train, railway car, railcar, passenger car, subway car | 有轨电车,
  捷运, 轻轨, 蒸汽火车
boat: canoe, kayak, ferry, yacht, gondola, rowboat, speedboat, raft, cruise ship, fishing boat | 独木舟, 皮划艇, 皮艇,
  渡轮, 游艇, 快艇, 木筏, 邮轮, 渔船, 贡多拉, 船队
airplane: boeing, airbus, airliner, biplane, fighter jet, seaplane | 波音, 空客, 战斗机, 双翼机, 水上飞机
bird: duck, goose, swan, chicken, hen, rooster, turkey, pigeon, dove, sparrow, crow, raven, eagle, hawk, owl,
  parrot, seagull, gull, penguin, peacock, flamingo, ostrich, heron, crane, woodpecker, hummingbird, robin, finch,
  duckling, chick | 鸭子, 鹅, 天鹅, 鸡, 公鸡, 母鸡, 小鸡, 火鸡, 鸽子, 麻雀, 乌鸦, 老鹰, 鹰, 猫头鹰, 鹦鹉, 海鸥,
  企鹅, 孔雀, 火烈鸟, 鸵鸟, 白鹭, 鹤, 啄木鸟, 蜂鸟
dog: doggy, doggie, doggo, pup, greyhound, poodle, labrador, golden retriever, bulldog, beagle, husky, corgi, chihuahua,
  dachshund,  terrier, german
  shepherd, sheepdog, pug, dalmatian | 贵宾犬, 拉布拉多, 金毛, 哈士奇, 柯基, 吉娃娃, 腊肠犬, 牧羊犬, 泰迪犬, 斗牛犬,
  流浪狗, 流浪犬, 小狗狗, 雪橇犬, 斑点狗, 汪星人, 导盲犬, 警犬, 金毛犬, 狼狗, 猎狗, 大丹犬, 法国斗牛犬, 法斗
cat: tabby, moggy, siamese cat, persian cat | 流浪猫, 猫猫, 喵星人, 橘猫, 暹罗猫, 波斯猫, 小猫咪
horse: stallion, mare, colt | 马驹
sheep: goat, ewe | 羊驼
cow: bison, buffalo, yak | 水牛, 黄牛, 牦牛
bear: polar bear, panda bear | 雪熊, 狗熊
handbag: clutch, shoulder bag, shopping bag | 单肩包, 挎包, 购物袋, 手提袋, 包包
backpack: school bag, schoolbag | 登山包
suitcase: briefcase, trunk, valise | 公文包, 皮箱
wine glass: champagne glass, cocktail glass, martini glass | 香槟杯
umbrella: brolly | 太阳伞
tie: bow tie | 领结
sports ball: tennis ball, baseball, volleyball, golf ball, rugby ball, beach ball | 网球, 棒球, 排球, 垒球, 高尔夫球,
  橄榄球, 乒乓球
bottle: wine bottle, beer bottle, water bottle, thermos, flask | 啤酒瓶, 矿泉水瓶, 保温瓶
cup: hot beverage, glass, tumbler, beaker | 玻璃杯, 纸杯, 保温杯
bowl: salad bowl, mixing bowl | 沙拉碗
dining table: desk, coffee table, picnic table, counter | 书桌, 办公桌, 茶几, 课桌, 圆桌, 四人桌, 六人桌, 四人餐桌,
  六人餐桌
chair: armchair, stool, rocking chair, wheelchair, high chair | 扶手椅, 凳子, 凳, 石凳, 板凳, 马扎, 摇椅, 轮椅, 高脚椅
couch: loveseat, futon, sectional | 双人沙发, 二人沙发, 三人沙发, 四人沙发, 多人沙发
bed: bunk bed, crib, cot, mattress | 双人床, 单人床, 双层床, 上下铺, 婴儿床
laptop: computer, macbook, pc, apple macbook | 笔电, 计算机, 台式电脑, 苹果电脑, 苹果笔记本
cell phone: mobile, iphone, telephone, apple phone | 手提电话, 座机, 无绳电话, 苹果手机
keyboard: typewriter keyboard | 电脑键盘
mouse: wireless mouse | 滑鼠
spoon: teaspoon, tablespoon | 茶匙
tv: telly, screen, computer screen, flat screen | 屏幕, 荧幕
clock: wristwatch, alarm clock, wall clock, apple watch | 手表, 闹钟, 挂钟, 苹果表, 苹果手表
book: notebook, novel, textbook, dictionary, comic book, phone book, cook book, guide book |
  二手书, 电话簿, 课本, 小说, 词典, 漫画书
potted plant: bonsai, succulent | 多肉植物, 绿植
toilet: urinal | 小便池
sink: washstand | 洗手盆, 洗碗池
oven: gas stove | 灶台, 煤气灶
knife: dagger, cleaver | 菜刀, 匕首
cake: cupcake, cheesecake, wedding cake | 纸杯蛋糕, 婚礼蛋糕
donut: bagel | 百吉饼
sandwich: burger, hamburger, cheeseburger, club sandwich, turkey sandwich, chicken sandwich, ham sandwich,
  tuna sandwich | 汉堡, 汉堡包
teddy bear: plush toy, stuffed animal, soft toy, toy bear, plush bear | 毛绒玩具, 布娃娃
"""

_ACTIVITIES = """
surfboard: surfing, wind surfing, 冲浪
skis: skiing, cross country skiing, 滑雪
snowboard: snowboarding, 单板滑雪
skateboard: skateboarding, 滑板运动
bicycle: cycling, biking, bicycling, bike ride, bike riding, mountain biking, 骑行, 骑单车, 骑车
motorcycle: motorcycling, motorbiking
horse: horseback riding, horseback, show jumping, dressage, 马术, 赛马
boat: sailing, rowing, boating, canoeing, kayaking, rafting, 划船, 泛舟, 漂流, 划艇, 赛艇
tennis racket: tennis, playing tennis, play tennis, tennis match, tennis game, 打网球, 网球比赛
sports ball: playing baseball, play baseball, baseball game, baseball match, 打棒球, 棒球比赛
kite: kiting
toothbrush: brushing teeth, brush teeth, brushing his teeth, brushing her teeth, brushing their teeth, 刷牙
hair drier: blow drying, 吹头发
cell phone: phone call, texting, 打电话, 发短信
"""
"""What someone does with a thing of a class, who and what the picture then shows."""

_OTHER_NAMES = """
sheep: | 羊群
cow: | 牛群
bird: | 鸟群
elephant: | 象群
person: gentleman, lady, peoples, childrens, womans, mans | 人影, 小男孩, 小女孩, 男子, 女子,
  男士, 女士, 男性, 女性, 妇女, 男女, 小朋友, 大人, 男孩子, 女孩子,
  男童, 女童, 男人们, 女人们, 孩子们
cat: | 猫儿, 喵咪
dog: | 狗儿, 狗子, 狗群
horse: | 马儿, 马群
bird: birdie | 鸟儿
car: auto | 车子
bus: double-decker bus | 公车, 公交
pizza: | 匹萨
remote: remote controller |
dining table: dinner table |
parking meter: parking metre |
"""
"""Names that mean no kind of a class but the class, beside those that packs give."""

_MISSPELT = """
person: persn, poeple, peopel, peple, pepole, chidren, childern, pedestrain
bicycle: bycicle, bycycle, bicyle, bicylce, bicicle, bicycel
motorcycle: motrocycle, motorcyle, motercycle, motocycle, motercyle, motobike, scoter
airplane: airplain, airoplane, areoplane, aeroplain, areplane
bus: mini-buss
train: trian, tarin
truck: truk, trcuk
boat: baot, sailbaot
traffic light: trafic light, traffic ligth, traffic lite
fire hydrant: fire hidrant, fire hydrent, hidrant, hydrent, fire hydrand
stop sign: stop sgin, stopp sign
parking meter: parkin meter, parking meeter
bench: banch, bech
bird: brid
horse: hourse, hosre
elephant: elefant, elephent, elephat, elaphant, elepant
bear: baer
zebra: zeebra, zebera
giraffe: girafe, girrafe, giraff, girraffe
backpack: backback, bagpack, backpak, rucksak, rucksac
umbrella: umbrela, umberella, umbrellla, umbralla
handbag: hanbag, handbage
suitcase: suitecase, suitcace, lugage, luggege
frisbee: frisby, frizbee, frisbe, frisbie
snowboard: snowbord, snowborad
sports ball: basketbal, footbal, socer ball | 兰球
kite: kyte
baseball bat: basball bat
baseball glove: basball glove
skateboard: skatebord, skateborad, scateboard
surfboard: surfbord, surfborad, serfboard
tennis racket: tenis racket, tennis raquet, tennis rackit, tenis raket, raquet
bottle: botle, bottel
wine glass: wine glas
cup: cofee cup, coffe cup
fork: forck
knife: knifes, nife
spoon: spooon
bowl: bowll
banana: bannana, bananna, bannanna
apple: aple, appel
sandwich: sandwhich, sandwitch, sandwish
orange: orenge, ornage
broccoli: brocoli, broccolli, brocolli, brocoly
carrot: carrott, carot
hot dog: hotdogg
pizza: piza, pizzza
donut: dounut, donught, doughtnut
cake: birtday cake, bithday cake
chair: chiar, chaire
couch: coutch, soffa
potted plant: poted plant, pottet plant
dining table: dinning table, dineing table, tabel
toilet: toliet, toillet
tv: televison, tellevision, telivision
laptop: labtop, laptap
mouse: computer mose
remote: remot control, remote controll, remote contol
keyboard: keybord, keyborad, keybroad
cell phone: cel phone, cell fone, mobil phone, smartfone
microwave: micowave, microwawe, mircowave
toaster: toster, toastor
refrigerator: refridgerator, refrigirator, refrigerater, frige, fridg
book: boook
clock: clok
scissors: scisors, sissors, scissers
teddy bear: tedy bear
hair drier: hair dryier, hair drayer
toothbrush: toothbrash, toothbruch, tothbrush
"""
"""How people often misspell names of classes; none of these is another word of its language."""

_LIKENESSES = ("toy", "model", "lego", "inflatable", "remote control", "rc"), ("玩具", "模型", "遥控", "乐高")
_OF_THESE = {
    "car": "car | 车, 汽车",
    "bus": "bus | 巴士, 公交车",
    "truck": "truck | 卡车",
    "motorcycle": "motorcycle, motorbike | 摩托车",
    "train": "train | 火车",
    "boat": "boat, ship | 船",
    "airplane": "airplane, plane | 飞机",
    "dog": "dog | 狗",
    "cat": "cat | 猫",
    "horse": "horse | 马",
    "elephant": "elephant | 大象",
}
"""Classes with names of which toys and models are made."""


@lru_cache(maxsize=1)
def kind_names() -> tuple[LabelName, ...]:
    """For classes, the words for kinds and likenesses of each; the ids are those of COCO."""
    kinds = []
    for line in _TABLE.strip().replace("\n  ", " ").splitlines():
        class_id, _, words = line.partition(":")
        english, _, chinese = words.partition("|")
        kinds.append(LabelName(class_id, _words(english), _words(chinese)))
    for line in _ACTIVITIES.strip().splitlines():
        class_id, _, doing = line.partition(":")
        kinds.append(LabelName(class_id, *_by_language(_words(doing))))
    for class_id, words in _OF_THESE.items():
        english, _, chinese = words.partition("|")
        toys = [f"{likeness} {name}" for likeness in _LIKENESSES[0] for name in _words(english)]
        toys_zh = [f"{likeness}{name}" for likeness in _LIKENESSES[1] for name in _words(chinese)]
        kinds.append(LabelName(class_id, tuple(toys), tuple(toys_zh)))
    return tuple(kinds)


@lru_cache(maxsize=1)
def other_names() -> tuple[tuple[str, str], ...]:
    """More names of classes in both languages, each with the COCO id of its class."""
    names = []
    for line in (_OTHER_NAMES + _MISSPELT).strip().replace("\n  ", " ").splitlines():
        class_id, _, words = line.partition(":")
        names += [(name, class_id) for half in words.split("|") for name in _words(half)]
    return tuple(names)


def _by_language(words: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return tuple(word for word in words if word.isascii()), tuple(word for word in words if not word.isascii())


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


ACTIVITIES = frozenset(name for line in _ACTIVITIES.strip().splitlines() for name in _words(line.partition(":")[2]))
"""The names of activities among the kinds."""
