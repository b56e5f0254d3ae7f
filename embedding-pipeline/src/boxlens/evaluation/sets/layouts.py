"""The layouts of evaluation sets that can be read, by name."""

from typing import Literal

Layout = Literal["flickr30k-cn", "muge", "coco-cn", "coco", "scenes"]
