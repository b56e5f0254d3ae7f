/** Chinese counts things with a word that belongs to the thing: 三只猫, 两辆车. By the end of its name; most things take 个. */
const NOUNS: Record<string, string> = {
  只: '猫 狗 鸟 羊 熊 鸡 鸭 鹅 兔 兔子 猴子 老虎 狮子 熊猫 松鼠 老鼠 蝴蝶 蜜蜂 企鹅 长颈鹿 鹿 狐狸 青蛙 乌龟 螃蟹 泰迪熊 手套 鞋 耳朵 手 眼睛',
  头: '牛 大象 猪 驴 鲸',
  匹: '马 斑马 骆驼 狼',
  条: '鱼 蛇 狗鱼 龙 领带 裤子 裙子 围巾 毛巾 河 路 船桨 腿',
  辆: '车 汽车 自行车 摩托车 出租车',
  艘: '船 轮船 帆船',
  架: '飞机 直升机 钢琴 相机',
  列: '火车',
  把: '椅子 雨伞 伞 刀 叉 叉子 勺 勺子 剪刀 牙刷 钥匙 吉他 锁 梳子',
  张: '床 桌子 餐桌 沙发 椅 纸 照片 海报',
  本: '书 杂志 词典',
  部: '手机 电话 电影',
  台: '电视 电视机 电脑 笔记本电脑 冰箱 烤箱 微波炉 洗衣机 吹风机 烤面包机',
  根: '香蕉 胡萝卜 热狗 绳子 棒球棒',
  朵: '花 云 玫瑰 蘑菇',
  棵: '树 白菜 西兰花',
  片: '叶子 披萨 面包',
  座: '山 房子 桥 塔 楼',
  件: '衣服 衬衫 外套 行李',
  顶: '帽子 帐篷',
  块: '蛋糕 滑板 冲浪板 手表',
  双: '筷子',
}

const UNITS = Object.entries(NOUNS)
  .flatMap(([unit, nouns]) => nouns.split(' ').map((noun) => ({ unit, noun })))
  .toSorted((a, b) => b.noun.length - a.noun.length) // 电视机 before 机

export function measureWord(name: string): string {
  return UNITS.find(({ noun }) => name.endsWith(noun))?.unit ?? '个'
}
