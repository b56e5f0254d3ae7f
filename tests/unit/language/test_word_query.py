"""Typed words read as labels, colours and tokens."""

from __future__ import annotations

import pytest
from tests.words import rows

from boxlens.domain.filters import Filter
from boxlens.imaging.colours import COLOURS
from boxlens.language.word_query import UNNAMED_SHARE, colour_tokens, to_word_queries, to_word_query
from boxlens.models.coco_labels import COCO


def read(text: str) -> tuple[str, str, str]:
    query = to_word_query(text, COCO, Filter())
    if query is None:
        return "", "", ""
    return " ".join(query.labels), " ".join(query.colours), " ".join(query.tokens)


@pytest.mark.parametrize(
    ("text", "labels", "colours", "tokens"),
    [
        ("红色 Toyota 车牌", "", "red", "toyota 车牌"),
        ("紅色 TOYOTA 車牌", "", "red", "toyota 车牌"),
        ("dog 在 沙发 上", "dog couch", "", "dog 沙发"),
        ("red car", "car", "red", "car"),
        ("红车", "car", "red", "红车"),
        ("红的车", "car", "red", "的车"),
        ("白猫 and black dogs", "cat dog", "black white", "白猫 dog"),
        ("gray cat", "cat", "grey", "cat"),
        ("红色", "", "red", ""),
        ("红色的", "", "red", ""),
        ("红", "", "red", ""),
        ("粉红色 单车", "bicycle", "pink", "单车"),
        ("黄山", "", "", "黄山"),
        ("青岛啤酒", "", "", "青岛 岛啤 啤酒"),
        ("红绿灯", "traffic light", "", "红绿 绿灯"),
        ("orange", "orange", "", "orange"),
        ("orange cat", "cat", "orange", "cat"),
        ("an orange sofa", "couch", "orange", "sofa"),
        ("apple orange banana", "apple orange banana", "", "apple orange banana"),
        ("orange cake", "orange cake", "", "orange cake"),
        ("greenhouse", "", "", "greenhouse"),
        ("the", "", "", "the"),
        ("!?", "", "", ""),
    ],
)
def test_what_is_read(text: str, labels: str, colours: str, tokens: str) -> None:
    assert read(text) == (labels, colours, tokens)


@pytest.mark.parametrize(
    ("label", "names"),
    [
        ("couch", "sofa couch 沙发 长沙发 沙發 SOFAS"),
        ("cell phone", "phone|cell phone|手机|手機|电话|mobile phones|smartphone"),
        ("bicycle", "bike bicycle 自行车 单车 脚踏车 自行車"),
        ("tv", "TV ＴＶ 电视 電視 television 电视机"),
        ("car", "car automobile 汽车 轿车 cars"),
        ("person", "people 行人 man child 小孩"),
        ("airplane", "plane 飞机 飛機 aircraft"),
        ("hot dog", "hot dog|热狗|hotdogs"),
        ("refrigerator", "fridge 冰箱 refrigerators"),
    ],
)
def test_synonyms_in_both_languages_name_one_label(label: str, names: str) -> None:
    for name in names.split("|" if "|" in names else " "):
        assert read(name)[0] == label, name


def test_every_colour_has_a_word_in_each_language() -> None:
    for colour in COLOURS:
        assert len(colour_tokens(colour.id)) == 2
        assert {read(name)[1] for name in colour.zh} == {colour.id}


@pytest.mark.parametrize(("text", "label", "colour"), rows("colours.tsv"))
def test_a_thing_is_read_with_its_colour(text: str, label: str, colour: str) -> None:
    if label == "-":
        assert read(text)[0] == ""
    else:
        assert read(text)[:2] == (label, colour)


@pytest.mark.parametrize(("text", "named"), rows("coloured_together.tsv"))
def test_of_several_things_each_is_read_with_its_own_colour(text: str, named: str) -> None:
    queries = [(query, part.label) for query, part in to_word_queries(text, COCO, Filter()) if part and part.label]
    assert sorted(f"{label}:{' '.join(sorted(query.colours))}" for query, label in queries) == named.split(";")


@pytest.mark.parametrize(("text", "label"), rows("activities.tsv"))
def test_an_activity_asks_softly_for_its_thing_and_first_for_those_with_someone(text: str, label: str) -> None:
    ((query, part),) = to_word_queries(text, COCO, Filter())
    expected = ((), (), ()) if label == "-" else ((), (label,), (("person", 1.0),))
    assert (query.labels, query.kinds, query.beside) == expected
    assert part is None


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("一个男人骑着马在街上走", 3),
        ("一群人围坐在桌子旁", 1),
        ("草地上的狗", 1),
        ("男人和狗", 0),
        ("深蓝色的车和狗", 0),
        ("a light blue car and a dog", 0),
    ],
)
def test_words_of_places_and_of_what_is_done_count_beside_names(text: str, count: int) -> None:
    words = [part.share for _, part in to_word_queries(text, COCO, Filter()) if part and part.label is None]
    names = [part.share for _, part in to_word_queries(text, COCO, Filter()) if part and part.label]
    assert sum(words) == pytest.approx(count * UNNAMED_SHARE * names[0])


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ('a man with a "hot dog" shirt', "person"),
        ("写着“禁止遛狗”的汽车", "car"),
        ('24" tv and 27" keyboard', "tv keyboard"),
    ],
)
def test_what_stands_in_quotes_beside_other_words_names_nothing(text: str, label: str) -> None:
    queries = to_word_queries(text, COCO, Filter())
    assert [part.label for _, part in queries if part and part.label] == label.split()
