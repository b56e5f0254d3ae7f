"""A collection as the index in memory holds it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np

from boxlens.domain.collections import CollectionSettings, IndexType, PackInfo
from boxlens.domain.objects import IndexedObject
from boxlens.imaging.perceptual_hash import bits_of
from boxlens.index.memory.filtering import Stored
from boxlens.language.word_matching import object_tokens


@dataclass(slots=True)
class HeldCollection:
    """One collection: its pack and its objects by id."""

    pack: PackInfo
    index_type: IndexType
    settings: CollectionSettings = field(default_factory=CollectionSettings)
    blocked: bool = False
    frozen: bool = False
    objects: dict[str, Stored] = field(default_factory=dict)

    def of_image(self, image_id: str) -> list[Stored]:
        return sorted(
            (s for s in self.objects.values() if s.object.image.image_id == image_id), key=lambda s: s.object.number
        )


def stored_object(obj: IndexedObject, collection: str, pack: PackInfo, ingested: datetime, changed: datetime) -> Stored:
    whole_pixels = replace(obj, box=obj.box.rounded(), collection=collection)
    tokens = {name: frozenset(texts) for name, texts in object_tokens(obj).items()}
    return Stored(
        whole_pixels,
        replace(whole_pixels, vit_vector=None, clip_vector=None),
        collection,
        pack.name,
        pack.revision,
        ingested,
        changed,
        tokens,
        obj.object_id,
        bits_of(obj.image.picture_hash),
        float(np.float32(obj.box_score)),
    )
