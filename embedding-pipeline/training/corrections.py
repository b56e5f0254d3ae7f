"""Names set by hand: short everyday words in place of Unicode's descriptions, and what is no thing to draw a box on."""

from __future__ import annotations

# not in the main styles, or no thing of its own
LEFT_OUT = frozenset(
    {
        "orca",
        "leafless-tree",
        "root-vegetable",
        "landslide",
        "trombone",
        "harp",
        "treasure-chest",
        "shovel",
        "fog",
        "foggy",
        "bell-with-slash",
        "muted-speaker",
        "speaker-low-volume",
        "speaker-medium-volume",
        "heart-suit",
        "elevator",
    }
)


def _table(text: str) -> dict[str, tuple[str, ...]]:
    rows = (line.split(":", 1) for line in text.strip().splitlines())
    return {key.strip(): tuple(name.strip() for name in names.split(",")) for key, names in rows}


BEST_EN = _table(
    """
front-facing-baby-chick: chick facing front, chick
baby-chick: baby chick, chick
two-hump-camel: bactrian camel, two-hump camel
ewe: sheep, ewe
bug: caterpillar, bug
honeybee: bee, honeybee
lady-beetle: ladybug, ladybird
spouting-whale: spouting whale
blowfish: pufferfish, blowfish
spiral-shell: seashell, shell
hatching-chick: hatching chick
t-rex: T-Rex, tyrannosaurus
sheaf-of-rice: rice plant, ear of rice
leaf-fluttering-in-wind: leaves in the wind
kiwi-fruit: kiwi, kiwi fruit
ear-of-corn: corn, maize
hot-pepper: chili pepper, chili, hot pepper
leafy-green: leafy greens, lettuce, chinese cabbage
ginger-root: ginger
pea-pod: peas, pea pod
baguette-bread: baguette
cheese-wedge: cheese
meat-on-bone: meat on bone, ribs
poultry-leg: chicken leg, drumstick
cut-of-meat: steak, meat
french-fries: fries, french fries
stuffed-flatbread: kebab, stuffed flatbread
cooking: fried egg, frying pan
shallow-pan-of-food: pan of food, paella
pot-of-food: pot of food, stew
bowl-with-spoon: bowl and spoon, cereal bowl
green-salad: salad
bento-box: bento, lunch box
cooked-rice: rice, bowl of rice
steaming-bowl: noodles, ramen
roasted-sweet-potato: sweet potato, yam
fish-cake-with-swirl: fish cake
takeout-box: takeout box, takeaway
soft-ice-cream: ice cream cone, soft ice cream
birthday-cake: birthday cake, cake
shortcake: slice of cake, shortcake
chocolate-bar: chocolate, chocolate bar
custard: pudding, custard
honey-pot: honey, honey pot
glass-of-milk: milk, glass of milk
hot-beverage: coffee, hot drink
teacup-without-handle: tea, green tea
bottle-with-popping-cork: champagne, bottle
wine-glass: wine, red wine
cocktail-glass: cocktail, martini
tropical-drink: tropical drink, fruit cocktail
beer-mug: beer, mug of beer
clinking-beer-mugs: two beers, cheers
clinking-glasses: clinking glasses, toast
tumbler-glass: whisky, whiskey
cup-with-straw: soda, cup with straw
bubble-tea: bubble tea, milk tea
beverage-box: juice box, juice
mate: mate tea
ice: ice cube, ice
fork-and-knife-with-plate: plate with fork and knife, tableware
kitchen-knife: knife, kitchen knife
amphora: vase, amphora
globe-showing-europe-africa: globe of europe and africa, earth
globe-showing-americas: globe of the americas
globe-showing-asia-australia: globe of asia and australia
globe-with-meridians: globe grid, internet
snow-capped-mountain: snowy mountain, snow mountain
beach-with-umbrella: beach
desert-island: island
classical-building: classical building, museum
building-construction: construction site
derelict-house: abandoned house, ruin
statue-of-liberty: statue of liberty
night-with-stars: starry night
carousel-horse: carousel, merry-go-round
high-speed-train: high-speed train
sport-utility-vehicle: suv, jeep
automobile: car, automobile
oncoming-automobile: car from the front
articulated-lorry: semi truck, lorry
delivery-truck: truck, delivery truck
auto-rickshaw: tuk-tuk, rickshaw
fuel-pump: gas pump, petrol station
vertical-traffic-light: traffic light
horizontal-traffic-light: horizontal traffic light
police-car-light: siren, police light
construction: barrier, roadblock
ring-buoy: lifebuoy, life ring
airplane: airplane, plane
airplane-departure: plane taking off
airplane-arrival: plane landing
flying-saucer: ufo, flying saucer
bellhop-bell: service bell, bell
luggage: suitcase, luggage
hourglass-done: hourglass
hourglass-not-done: running hourglass
mantelpiece-clock: mantel clock, clock
ringed-planet: saturn, planet
high-voltage: lightning, lightning bolt
umbrella-with-rain-drops: umbrella in the rain
umbrella-on-ground: beach umbrella, parasol
snowman-without-snow: snowman without snow
snowman: snowman
droplet: water drop, droplet
water-wave: wave, ocean wave
jack-o-lantern: pumpkin lantern, jack-o-lantern, pumpkin
wrapped-gift: gift, present
red-envelope: red envelope
1st-place-medal: gold medal
2nd-place-medal: silver medal
3rd-place-medal: bronze medal
soccer-ball: soccer ball, football
tennis: tennis ball, tennis
flying-disc: frisbee
flag-in-hole: golf, golf flag
fishing-pole: fishing rod
bullseye: target, dartboard, bullseye
pool-8-ball: billiard ball, 8 ball
video-game: game controller, gamepad
game-die: dice, die
puzzle-piece: puzzle, jigsaw
performing-arts: theater masks
framed-picture: painting, picture frame
artist-palette: palette, paints
pinata: pinata
mahjong-red-dragon: mahjong tile
spade-suit: spades
diamond-suit: diamonds
club-suit: clubs
chess-pawn: chess pawn, chess
womans-clothes: blouse
mans-shoe: leather shoe, shoe
womans-sandal: sandal
womans-boot: boot
womans-hat: sun hat, hat
running-shoe: sneaker, running shoe
high-heeled-shoe: high heels, high heel
thong-sandal: flip-flop
billed-cap: cap, baseball cap
rescue-workers-helmet: rescue helmet
gem-stone: diamond gem, gem, jewel
speaker-high-volume: speaker, loudspeaker
loudspeaker: public address loudspeaker
musical-keyboard: piano, keyboard instrument
headphone: headphones
mobile-phone: phone, mobile phone, smartphone
mobile-phone-with-arrow: phone with arrow
telephone-receiver: phone receiver, handset
desktop-computer: computer, desktop computer, monitor
computer-mouse: computer mouse
optical-disk: cd, compact disc
television: tv, television
camera-with-flash: camera with flash
magnifying-glass-tilted-left: magnifying glass
magnifying-glass-tilted-right: magnifying glass to the right
red-paper-lantern: red lantern, lantern
notebook-with-decorative-cover: decorated notebook
closed-book: red book, closed book
page-facing-up: document, page
page-with-curl: curled page
money-with-wings: flying money
envelope: envelope, letter
incoming-envelope: incoming mail
package: parcel, box, package
closed-mailbox-with-raised-flag: mailbox
closed-mailbox-with-lowered-flag: mailbox with lowered flag
open-mailbox-with-raised-flag: open mailbox with mail
open-mailbox-with-lowered-flag: empty open mailbox
postbox: postbox, post box
black-nib: pen nib
spiral-notepad: notepad
chart-increasing: rising chart
chart-decreasing: falling chart
chart-increasing-with-yen: yen chart
pushpin: pushpin, thumbtack
round-pushpin: map pin, location pin
straight-ruler: ruler
triangular-ruler: set square, triangle ruler
wastebasket: trash can, wastebasket
locked: lock, padlock
unlocked: open lock
balance-scale: scales, balance scale
nut-and-bolt: bolt, nut and bolt
satellite-antenna: satellite dish
adhesive-bandage: band-aid, plaster
couch-and-lamp: sofa, couch
roll-of-paper: toilet paper, paper roll
headstone: tombstone, gravestone
identification-card: id card
musical-score: sheet music
drop-of-blood: blood drop, blood
"""
)

BEST_ZH = _table(
    """
monkey-face: 猴脸, 猴头
tiger-face: 虎脸, 老虎头
horse-face: 马脸, 马头
cow-face: 牛脸, 奶牛头
pig-face: 猪脸, 猪头
mouse-face: 老鼠脸, 老鼠头
rabbit-face: 兔脸, 兔子头
dragon-face: 龙脸, 龙头
bison: 野牛
llama: 羊驼, 大羊驼
ewe: 绵羊, 羊
rat: 大老鼠, 耗子
mammoth: 猛犸象
front-facing-baby-chick: 正面的小鸡
hatching-chick: 破壳的小鸡, 小鸡破壳
dove: 鸽子
black-bird: 乌鸦, 黑鸟
turtle: 乌龟, 海龟
sauropod: 长颈恐龙, 恐龙, 梁龙
spouting-whale: 喷水的鲸鱼
crab: 螃蟹
squid: 鱿鱼, 乌贼
worm: 蚯蚓, 虫子
spiral-shell: 海螺, 贝壳
ant: 蚂蚁
bug: 毛毛虫
rosette: 花饰
blossom: 小黄花, 花朵
wilted-flower: 枯萎的花
hibiscus: 木槿花, 芙蓉
seedling: 幼苗, 树苗
potted-plant: 盆栽
evergreen-tree: 松树
deciduous-tree: 大树, 树
sheaf-of-rice: 稻穗, 水稻
herb: 香草, 草药
leaf-fluttering-in-wind: 飘落的叶子, 树叶
nest-with-eggs: 鸟蛋窝, 有蛋的鸟巢
empty-nest: 鸟巢, 空巢
brown-mushroom: 棕色蘑菇
melon: 哈密瓜, 甜瓜
peach: 桃子
pear: 梨, 梨子
tomato: 西红柿, 番茄
kiwi-fruit: 猕猴桃, 奇异果
avocado: 牛油果, 鳄梨
hot-pepper: 辣椒, 红辣椒
bell-pepper: 青椒, 灯笼椒
leafy-green: 白菜, 青菜, 生菜
garlic: 大蒜, 蒜
beans: 豆子
ginger-root: 生姜, 姜
pea-pod: 豌豆
croissant: 牛角包, 羊角面包
baguette-bread: 法棍, 法式面包
flatbread: 大饼, 烤饼
bagel: 贝果, 面包圈
pancakes: 煎饼, 松饼
cheese-wedge: 奶酪, 芝士
poultry-leg: 鸡腿
cut-of-meat: 牛排, 肉块, 肉
hamburger: 汉堡, 汉堡包
taco: 墨西哥卷饼, 玉米卷
burrito: 卷饼, 墨西哥鸡肉卷
tamale: 墨西哥粽子
stuffed-flatbread: 夹饼, 烤肉卷
falafel: 炸豆丸子
egg: 鸡蛋, 蛋
cooking: 煎蛋, 平底锅
shallow-pan-of-food: 海鲜饭, 平底锅炖菜
pot-of-food: 火锅, 炖菜
bowl-with-spoon: 碗和勺子, 麦片碗
green-salad: 沙拉
canned-food: 罐头
bento-box: 便当, 盒饭
cooked-rice: 米饭, 白饭
steaming-bowl: 面条, 拉面
spaghetti: 意大利面, 意面
roasted-sweet-potato: 烤红薯, 红薯
fried-shrimp: 炸虾, 天妇罗
soft-ice-cream: 甜筒, 冰淇淋甜筒
fish-cake-with-swirl: 鱼板
shortcake: 蛋糕, 一块蛋糕
birthday-cake: 生日蛋糕
pie: 馅饼, 派
candy: 糖果, 糖
custard: 布丁
glass-of-milk: 牛奶, 一杯牛奶
hot-beverage: 咖啡, 热咖啡
teacup-without-handle: 热茶, 绿茶, 茶
bottle-with-popping-cork: 香槟
wine-glass: 红酒, 葡萄酒
tropical-drink: 热带饮料, 果汁鸡尾酒
clinking-beer-mugs: 啤酒干杯, 干杯
clinking-glasses: 碰杯
tumbler-glass: 威士忌
pouring-liquid: 倒水
cup-with-straw: 汽水, 带吸管的杯子
beverage-box: 盒装果汁, 饮料盒
mate: 马黛茶
fork-and-knife-with-plate: 餐具, 餐盘刀叉
spoon: 勺子, 汤匙
kitchen-knife: 菜刀, 刀
jar: 玻璃罐, 罐子
amphora: 陶罐, 花瓶
globe-showing-europe-africa: 欧洲非洲地球
globe-showing-americas: 美洲地球
globe-showing-asia-australia: 亚洲地球
globe-with-meridians: 经纬线地球, 互联网
mountain: 山, 大山
beach-with-umbrella: 沙滩, 海滩
desert-island: 小岛, 荒岛
stadium: 体育场, 体育馆
building-construction: 工地, 建筑工地
brick: 砖块, 砖墙
rock: 石头, 岩石
houses: 住宅区, 房屋
derelict-house: 废弃的房子, 鬼屋
castle: 城堡, 欧洲城堡
department-store: 商场, 百货商店
statue-of-liberty: 自由女神像
hindu-temple: 印度寺庙, 寺庙
kaaba: 天房
night-with-stars: 星空夜景
cityscape: 城市, 高楼大厦
cityscape-at-dusk: 黄昏的城市
sunrise-over-mountains: 山上的日出
bridge-at-night: 夜晚的大桥, 大桥
playground-slide: 滑梯
circus-tent: 马戏团
barber-pole: 理发店灯柱
railway-car: 火车车厢
high-speed-train: 高铁, 高速列车
bullet-train: 动车, 子弹头列车
locomotive: 蒸汽火车, 火车头
tram: 电车, 路面电车
monorail: 单轨列车
mountain-railway: 山地火车
tram-car: 有轨电车
oncoming-bus: 迎面来的公交车
oncoming-police-car: 迎面来的警车
oncoming-taxi: 迎面来的出租车
oncoming-automobile: 迎面来的汽车
automobile: 汽车, 轿车
sport-utility-vehicle: 越野车, 吉普车
pickup-truck: 皮卡
delivery-truck: 卡车, 货车
articulated-lorry: 大货车, 拖挂卡车
motor-scooter: 踏板摩托车, 电动车
manual-wheelchair: 轮椅
auto-rickshaw: 三轮车, 嘟嘟车
roller-skate: 轮滑鞋, 溜冰鞋
oil-drum: 油桶
fuel-pump: 加油站, 加油机
police-car-light: 警灯
horizontal-traffic-light: 横向红绿灯
vertical-traffic-light: 红绿灯
stop-sign: 停车标志
passenger-ship: 邮轮, 客轮
ship: 轮船, 船
motor-boat: 摩托艇
small-airplane: 小飞机
airplane-departure: 飞机起飞
airplane-arrival: 飞机降落
suspension-railway: 空中列车
aerial-tramway: 索道
hourglass-not-done: 流动的沙漏
timer-clock: 定时器
mantelpiece-clock: 座钟, 时钟
new-moon: 新月, 朔月
waxing-crescent-moon: 蛾眉月
new-moon-face: 新月脸
first-quarter-moon-face: 上弦月脸
last-quarter-moon-face: 下弦月脸
crescent-moon: 月亮, 弯月
waning-crescent-moon: 残月
full-moon-face: 满月脸
sun-with-face: 太阳脸, 笑脸太阳
ringed-planet: 土星, 行星
glowing-star: 闪亮的星星
cloud: 云, 云朵
sun-behind-cloud: 太阳和云, 多云转晴
sun-behind-small-cloud: 太阳和小云
sun-behind-large-cloud: 多云
sun-behind-rain-cloud: 太阳雨
cloud-with-lightning-and-rain: 雷阵雨
cloud-with-lightning: 雷云, 打雷
cloud-with-rain: 雨云, 下雨
cloud-with-snow: 雪云, 下雪
wind-face: 刮风
cyclone: 漩涡, 台风
umbrella: 伞
umbrella-with-rain-drops: 雨伞
umbrella-on-ground: 遮阳伞, 阳伞
high-voltage: 闪电
snowman: 雪中的雪人
fire: 火, 火焰
water-wave: 海浪, 浪花
sparkler: 仙女棒, 烟花棒
fireworks: 烟花, 焰火
firecracker: 鞭炮, 爆竹
sparkles: 闪光, 星光
party-popper: 彩带礼炮, 派对彩带
confetti-ball: 彩纸球
japanese-dolls: 日本人偶
pine-decoration: 门松
ribbon: 蝴蝶结
reminder-ribbon: 丝带
ticket: 票, 电影票
american-football: 美式橄榄球
rugby-football: 橄榄球
flag-in-hole: 高尔夫, 高尔夫球洞
ice-skate: 冰刀, 冰鞋
fishing-pole: 钓鱼竿, 鱼竿
diving-mask: 潜水镜
skis: 滑雪板
martial-arts-uniform: 武术服, 空手道服
bullseye: 靶子, 飞镖靶
pool-8-ball: 台球
magic-wand: 魔法棒, 魔棒
video-game: 游戏手柄
joystick: 摇杆, 游戏摇杆
pinata: 彩罐, 皮纳塔
mirror-ball: 迪斯科球, 镜球
diamond-suit: 方块, 方片
chess-pawn: 国际象棋, 象棋兵
joker: 小丑牌, 鬼牌
mahjong-red-dragon: 麻将, 红中
performing-arts: 戏剧面具
framed-picture: 画框, 油画
artist-palette: 调色板, 颜料
thread: 线轴, 线
sewing-needle: 针线, 缝衣针
knot: 绳结
sunglasses: 墨镜, 太阳镜
lab-coat: 白大褂
safety-vest: 反光背心, 安全背心
t-shirt: T恤, 短袖
one-piece-swimsuit: 泳衣, 连体泳衣
dress: 裙子, 连衣裙
womans-clothes: 女式上衣, 女装
folding-hand-fan: 扇子, 折扇
clutch-bag: 手拿包, 手袋
handbag: 手提包, 包包
thong-sandal: 人字拖, 拖鞋
mans-shoe: 皮鞋
running-shoe: 运动鞋, 跑鞋
womans-sandal: 凉鞋
womans-boot: 靴子
hair-pick: 梳子
womans-hat: 草帽, 帽子
military-helmet: 军用头盔, 钢盔
rescue-workers-helmet: 安全帽
prayer-beads: 佛珠, 念珠
lipstick: 口红, 唇膏
gem-stone: 钻石, 宝石
speaker-high-volume: 扬声器, 音响
musical-notes: 音符串, 几个音符
level-slider: 调音滑块
control-knobs: 旋钮
saxophone: 萨克斯
musical-keyboard: 钢琴, 琴键
long-drum: 长鼓, 手鼓
mobile-phone-with-arrow: 带箭头的手机
telephone-receiver: 听筒
low-battery: 低电量, 没电的电池
battery: 电池
electric-plug: 插头
laptop: 笔记本电脑
desktop-computer: 电脑, 台式电脑
computer-mouse: 鼠标
computer-disk: 磁盘, 迷你光盘
optical-disk: 光盘
movie-camera: 电影摄影机
film-frames: 胶片, 电影胶卷
film-projector: 放映机
television: 电视, 电视机
camera-with-flash: 闪光相机
magnifying-glass-tilted-left: 放大镜
magnifying-glass-tilted-right: 右斜放大镜
diya-lamp: 油灯
red-paper-lantern: 灯笼, 红灯笼
notebook-with-decorative-cover: 精装笔记本
closed-book: 红色的书, 合上的书
open-book: 打开的书, 翻开的书
green-book: 绿色的书
blue-book: 蓝色的书
orange-book: 橙色的书
books: 书, 一摞书
page-with-curl: 卷边的纸
page-facing-up: 文件, 一页纸
rolled-up-newspaper: 卷起的报纸
bookmark-tabs: 书签标签
money-with-wings: 飞走的钱
chart-increasing-with-yen: 日元图表
incoming-envelope: 来信
envelope-with-arrow: 带箭头的信封
closed-mailbox-with-raised-flag: 信箱, 邮箱
closed-mailbox-with-lowered-flag: 放下旗子的信箱
open-mailbox-with-raised-flag: 打开的信箱
open-mailbox-with-lowered-flag: 空信箱
package: 纸箱, 包裹
black-nib: 笔尖
pen: 圆珠笔, 笔
fountain-pen: 钢笔
paintbrush: 画笔, 毛笔
open-file-folder: 打开的文件夹
card-index-dividers: 索引文件夹
tear-off-calendar: 手撕日历
chart-increasing: 上升图表
chart-decreasing: 下降图表
bar-chart: 柱状图, 条形图
linked-paperclips: 两个回形针
round-pushpin: 定位图钉, 圆图钉
triangular-ruler: 三角尺
straight-ruler: 尺子, 直尺
locked: 锁
unlocked: 打开的锁
old-key: 旧钥匙, 老式钥匙
pick: 镐, 铁镐
hammer-and-pick: 锤子和镐
hammer-and-wrench: 锤子和扳手
crossed-swords: 交叉的剑, 双剑
bow-and-arrow: 弓箭
carpentry-saw: 锯子, 手锯
nut-and-bolt: 螺丝, 螺母
clamp: 夹钳
link: 链环, 链接
hook: 钩子, 挂钩
drop-of-blood: 血滴
adhesive-bandage: 创可贴
couch-and-lamp: 沙发
plunger: 马桶搋, 皮搋子
shower: 淋浴, 花洒
lotion-bottle: 乳液瓶, 洗发水
safety-pin: 别针
basket: 篮子, 筐
roll-of-paper: 卫生纸, 卷纸
bucket: 水桶, 桶
soap: 肥皂
bubbles: 泡泡, 气泡
cigarette: 香烟
funeral-urn: 骨灰坛
nazar-amulet: 恶魔之眼
moai: 复活节岛石像, 摩艾石像
studio-microphone: 录音麦克风
x-ray: X光片
bellhop-bell: 服务铃
luggage: 行李箱
construction: 路障
"""
)
