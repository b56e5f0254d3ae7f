"""What a collection can suggest: its classes by all their names, its tags, words of its captions, its file names.

Classes and tags are counted in full. Captions and file names are read of at most ``MAX_READ`` images, those of the
smallest ids: ids are hashes, so this is a random sample of a large collection.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from boxlens.domain.answers.suggestions import Suggestion
from boxlens.domain.collections import CollectionSet
from boxlens.domain.filters import Condition, Filter
from boxlens.domain.objects import IndexedObject, LabelName
from boxlens.domain.ports import SearchIndex
from boxlens.language.segmentation import segment_chinese
from boxlens.language.tokens import STOP_WORDS, normalize, segments

MAX_READ = 4000
"""Images whose captions and file names are read."""

MAX_WORDS = 5000
"""Words of captions, the most frequent ones, and as many tags."""

_FRAMES = Filter((Condition("kind", any_of=("frame",)),))
_BATCH = 1000


def collection_terms(index: SearchIndex, collections: CollectionSet, labels: Sequence[LabelName]) -> list[Suggestion]:
    """Everything that may be suggested for a collection, the most frequent first. Raises NotFound,
    ElasticsearchAway."""
    counts = index.facets(collections, Filter())
    of_labels, tags = counts.get("label", {}), Counter(counts.get("tag", {}))
    terms = [
        Suggestion(name, "label", of_labels[label.id], label.id)
        for label in labels
        if of_labels.get(label.id)
        for name in dict.fromkeys((*label.zh, *label.en))
    ]
    terms += [Suggestion(tag, "tag", count) for tag, count in tags.most_common(MAX_WORDS)]
    words: Counter[str] = Counter()
    for frame in _frames(index, collections):
        words.update(set(caption_words(frame.image.caption or "")))
        if frame.image.file_name:
            terms.append(Suggestion(frame.image.file_name, "file", 1))
    terms += [Suggestion(word, "word", count) for word, count in words.most_common(MAX_WORDS)]
    return sorted(terms, key=lambda term: -term.count)


def caption_words(caption: str) -> Iterator[str]:
    """The words of a caption that may be looked for: no stop words, and of Chinese none of one character."""
    for kind, run, _, _ in segments(normalize(caption)):
        words = [word.text for word in segment_chinese(run) if len(word.text) > 1] if kind == "cjk" else [run]
        yield from (word for word in words if word not in STOP_WORDS and not word.isdigit())


def _frames(index: SearchIndex, collections: CollectionSet) -> Iterator[IndexedObject]:
    after: str | None = None
    for _ in range(MAX_READ // _BATCH):
        page = index.matching(collections, _FRAMES, _BATCH, after)
        yield from index.objects(collections, [entry.object_id for entry in page])
        if len(page) < _BATCH:
            return
        after = page[-1].object_id
