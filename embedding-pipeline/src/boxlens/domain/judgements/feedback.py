"""What people say of the hits of their searches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Judgement = Literal["right", "wrong", "opened"]


@dataclass(frozen=True, slots=True)
class Mark:
    """A person searched for ``text`` and judged an image of the answer: said that it is right ("more like this") or
    wrong ("not this"), or opened it."""

    text: str
    image_id: str
    judgement: Judgement
