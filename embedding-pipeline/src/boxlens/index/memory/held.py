"""A collection as the index in memory holds it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from boxlens.domain.collections import CollectionSettings, IndexType, PackInfo
from boxlens.domain.objects import IndexedObject
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
    return Stored(whole_pixels, collection, pack.name, pack.revision, ingested, changed, tokens, (), 0)


def without_vectors(obj: IndexedObject) -> IndexedObject:
    return replace(obj, vit_vector=None, clip_vector=None)
