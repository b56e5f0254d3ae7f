"""The 80 classes of COCO (Lin et al., 2014) in the order of detectors trained on it, named in English and Chinese.

No name stands in two classes: a name decides what is found.
"""

from __future__ import annotations

from boxlens.domain.objects import LabelName

# English names | Chinese names, best first; the first English name is the class's id
_TABLE = """
person, people, human, man, woman, boy, girl, child, pedestrian | 人, 人物, 行人, 男人, 女人, 男孩, 女孩, 小孩, 孩子
bicycle, bike, cycle | 自行车, 单车, 脚踏车
car, automobile, sedan | 汽车, 轿车, 小汽车, 小轿车, 车, 车辆
motorcycle, motorbike, scooter, moped | 摩托车, 电动车, 电瓶车, 机车
airplane, aeroplane, plane, aircraft, jet | 飞机, 客机, 航班
bus, coach, minibus | 公交车, 公共汽车, 巴士, 大巴, 客车
train, locomotive, railway carriage | 火车, 列车, 高铁, 动车, 地铁
truck, lorry, pickup truck | 卡车, 货车, 皮卡
boat, ship, vessel, sailboat | 船, 小船, 轮船, 帆船, 船只
traffic light, stoplight, traffic signal | 红绿灯, 交通灯, 交通信号灯, 信号灯
fire hydrant, hydrant | 消防栓, 消火栓
stop sign | 停车标志, 停止标志, 停车牌, 停车让行标志
parking meter | 停车计时器, 停车收费表, 停车计费器, 咪表
bench, park bench | 长椅, 长凳, 公园椅
bird | 鸟, 小鸟, 鸟类, 飞鸟
cat, kitten, kitty | 猫, 小猫, 猫咪, 喵
dog, puppy, hound | 狗, 小狗, 犬, 狗狗, 小犬
horse, pony, foal | 马, 小马, 马匹, 骏马
sheep, lamb, ram | 羊, 绵羊, 羊羔, 小羊, 山羊
cow, cattle, bull, ox, calf | 牛, 奶牛, 母牛, 公牛, 小牛
elephant | 大象, 象, 小象
bear, grizzly | 熊, 大熊, 棕熊, 黑熊, 北极熊
zebra | 斑马
giraffe | 长颈鹿
backpack, rucksack, knapsack | 背包, 双肩包, 书包
umbrella, parasol | 雨伞, 伞, 阳伞, 遮阳伞
handbag, purse, tote bag | 手提包, 手袋, 女包, 拎包, 包
tie, necktie | 领带
suitcase, luggage, travel case | 行李箱, 手提箱, 拉杆箱, 旅行箱
frisbee, flying disc | 飞盘
skis, ski | 滑雪板, 双板
snowboard | 单板滑雪板, 雪板, 单板
sports ball, ball, football, soccer ball, basketball | 球, 运动球, 足球, 篮球, 皮球
kite | 风筝
baseball bat | 棒球棒, 棒球棍, 球棒
baseball glove, baseball mitt | 棒球手套
skateboard | 滑板
surfboard | 冲浪板
tennis racket, tennis racquet, racket | 网球拍, 球拍
bottle | 瓶子, 瓶, 水瓶, 酒瓶
wine glass, goblet | 酒杯, 红酒杯, 高脚杯, 葡萄酒杯
cup, mug, coffee cup, teacup | 杯子, 杯, 水杯, 茶杯, 咖啡杯, 马克杯
fork | 叉子, 餐叉, 叉
knife | 刀, 餐刀, 刀子, 小刀
spoon | 勺子, 汤匙, 勺, 调羹
bowl | 碗, 饭碗, 汤碗
banana | 香蕉
apple | 苹果
sandwich | 三明治, 三文治
orange, tangerine, mandarin | 橙子, 橘子, 柑橘, 桔子
broccoli | 西兰花, 花椰菜, 绿花菜
carrot | 胡萝卜, 红萝卜
hot dog, hotdog, frankfurter | 热狗, 热狗肠
pizza | 披萨, 比萨, 比萨饼, 披萨饼
donut, doughnut | 甜甜圈, 多纳圈
cake, birthday cake | 蛋糕, 生日蛋糕
chair | 椅子, 椅, 座椅
couch, sofa, settee | 沙发, 长沙发
potted plant, houseplant, pot plant | 盆栽, 盆栽植物, 盆景, 花盆
bed | 床, 床铺, 大床
dining table, table, kitchen table | 餐桌, 桌子, 饭桌, 桌
toilet, lavatory, toilet bowl | 马桶, 坐便器, 抽水马桶
tv, television, tv monitor, monitor | 电视, 电视机, 显示器, 显示屏
laptop, laptop computer, notebook computer | 笔记本电脑, 手提电脑, 笔记本, 电脑
mouse, computer mouse | 鼠标
remote, remote control, tv remote | 遥控器, 遥控
keyboard, computer keyboard | 键盘
cell phone, mobile phone, smartphone, cellphone, phone | 手机, 移动电话, 智能手机, 电话
microwave, microwave oven | 微波炉
oven, stove, cooker | 烤箱, 烤炉, 炉灶
toaster | 烤面包机, 吐司机, 多士炉
sink, basin, washbasin | 水槽, 洗手池, 水池, 洗脸盆
refrigerator, fridge | 冰箱, 电冰箱
book | 书, 书本, 书籍, 图书
clock, watch | 钟, 时钟, 钟表, 表
vase | 花瓶
scissors | 剪刀, 剪子
teddy bear, teddy, stuffed bear | 泰迪熊, 玩具熊, 毛绒熊, 玩偶熊
hair drier, hair dryer, hairdryer, blow dryer | 吹风机, 电吹风
toothbrush | 牙刷
"""


def _read(line: str) -> LabelName:
    english, chinese = (tuple(name.strip() for name in half.split(",")) for half in line.split("|"))
    return LabelName(english[0], english, chinese)


COCO: tuple[LabelName, ...] = tuple(_read(line) for line in _TABLE.strip().splitlines())
