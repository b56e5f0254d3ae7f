"""What people say around the thing they ask for: "show me dogs, please", 帮我找有狗的照片, a slice of pizza.

These words tell nothing of what a picture shows, so they are no part of what is asked.
"""

from __future__ import annotations

import re

from boxlens.language.tokens import normalize

_PHOTOS = r"(?:photos?|photographs?|pictures?|images?|pics?)"
_ARTICLES = r"(?:(?:an?|the|all|any|some|every|more|my|our)\s+)*"
_OF_PHOTOS = rf"{_ARTICLES}{_PHOTOS}\s+(?:of|with|showing|containing)\s+{_ARTICLES}"
_PART_OF_QUESTION = rf"(?:(?:which|any|all|some|the|these|show)\s+(?:of\s+)?)*(?:{_PHOTOS}|these|those)"
_ASKED = re.compile(
    r"^(?:how\s+many\s+(?=\w+(?:\s+\w+)?\s+(?:are|is|can|do|in|on|there))"
    rf"|what(?:\s+colou?r|\s+kind|\s+sort)?\s+(?:is|are|was|were)\s+{_ARTICLES}|who(?:\s+is|\s+are|'s|’s)\s+{_ARTICLES}"
    rf"|(?:do|does|can)\s+(?:any\s+(?:of\s+)?)?(?:these|those|{_PHOTOS})\s+(?:show|have|contain)\s+{_ARTICLES}"
    rf"|{_PART_OF_QUESTION}\s+(?:where|in\s+which|on\s+which|that\s+(?:have|show|contain)|having)"
    rf"\s+(?:there\s+(?:is|are)\s+)?{_ARTICLES})"
)
_LED = re.compile(
    r"^(?:please\s+)?(?:(?:can|could|would|will)\s+you\s+(?:please\s+)?)?"
    r"(?:(?:(?:show|give|get|bring|find|fetch)\s+(?:me|us)|find|search(?:\s+for)?|look(?:ing)?\s+for"
    r"|(?:i|we)(?:\s+am|'m|’m|\s+are|'d|’d|\s+would)?\s+(?:want|need|wish|like|looking|searching)"
    r"(?:\s+to\s+(?:see|find|look\s+at|have))?(?:\s+for)?"
    r"|where(?:\s+is|\s+are|'s|’s)|do\s+you\s+have|(?:is|are)\s+there)"
    rf"\s+{_ARTICLES}(?:{_OF_PHOTOS})?|(?:show\s+)?{_OF_PHOTOS})"
)
_ENDED = re.compile(
    rf"(?:\s+(?:are|is)\s+there)?(?:\s+in\s+(?:them|it|(?:this|the|these)\s+{_PHOTOS}))?"
    rf"(?:\s+{_PHOTOS})?(?:[\s,]+(?:please|thanks|thank\s+you))?\s*[.!?]*$"
)
_UNIT = re.compile(
    r"\bat\s+least\s+(?:one|an?)\s+"
    r"|\b(?:slice|piece|pair|bunch|bunche|flock|herd|group|pack|crowd|swarm|stack|pile|row|bit|lot|plenty)s?\s+of\s+"
)
_LED_ZH = re.compile(
    r"^(?:(?:请|麻烦)?[你您]?(?:帮|给|为|替)?(?:我们?)?(?:想要?|要|需要)?"
    r"(?:(?<=[我们想要])看|看一?看|看一?下|找一?[找下]|找[出到]?|搜索?一?下?|查[找看]|显示|展示)(?:一下)?"
    r"|有没有|我们?的)(?:所有|全部|一些|几张|一张)?的?"
    r"|^(?:哪[些张几个]*)?(?:图片?|照片|相片)(?:里面?|中|上)?(?:有没有|有)|^哪[些张](?:里面?|中|上)?(?:有没有|有)"
)
_ENDED_ZH = re.compile(r"的?(?:照片|图片|相片|(?<=的)图)?(?:是什么颜色的?|在哪[里儿]?|[呢吗吧])?[?？!！。]*$")


def without_asking_words(text: str) -> str:
    """A text without them, normalized; the text itself where nothing would be left.

    >>> [without_asking_words(text) for text in ("Show me a slice of pizza, please", "给我看狗的照片", "a man")]
    ['pizza', '狗', 'a man']
    """
    plain = _UNIT.sub("", normalize(text).strip())
    for words in (_ASKED, _LED, _ENDED, _LED_ZH, _ENDED_ZH):
        plain = words.sub("", plain, count=1)
    return plain.strip() or text
