"""Which classes a text names kinds of (``kind_names``)."""

from __future__ import annotations

from collections.abc import Sequence

from boxlens.domain.objects import LabelName
from boxlens.language.kind_names import kind_names
from boxlens.language.label_recognition import find_labels, label_of
from boxlens.language.tokens import normalize


def classes_of_kinds(text: str, labels: Sequence[LabelName]) -> tuple[str, ...]:
    """Ids of the pack's classes of which a text names a kind, each once; a class itself is no kind."""
    if len(labels) == 1:
        return ()
    normalized = normalize(text)
    places = find_labels(normalized, kind_names())
    kinds = (name for name, start, end in places if label_of(normalized[start:end], labels) is None)
    ids = (label_of(name, labels) for name in kinds)
    return tuple(dict.fromkeys(label for label in ids if label is not None))
