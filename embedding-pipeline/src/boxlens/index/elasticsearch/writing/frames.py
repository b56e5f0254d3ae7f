"""Frames that are taken away, so that their images count as not stored, and put back.

In the index that takes new images a frame is deleted and created, both by the alias that is there only while it takes
them. In a full index an image that is not whole would have two places to go to: there, and the index that is open by
then. So there the frame becomes a placeholder, a document that nothing counts, finds or lists, and the image goes back
over exactly that state of it, or nowhere: two who meet cannot both win.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from boxlens.domain.objects import object_id
from boxlens.index.elasticsearch.backing import IndexHandle
from boxlens.index.elasticsearch.reads import FrameFacts, Placeholder, Version
from boxlens.index.elasticsearch.routing import Target
from boxlens.index.elasticsearch.writing.bulk import Action, Outcome, action

PLACEHOLDER: Mapping[str, Any] = {"kind": "proposal", "number": 0}
"""Proposals are counted nowhere; without words, vectors and the id of an object no search meets it."""


@dataclass(frozen=True, slots=True)
class Home:
    """Where an image goes: the index, what its frame says where it stands (None: it does not), and the placeholder's
    state where there is one. ``while_open``: only as long as the index takes new images."""

    target: Target
    stored: FrameFacts | None = None
    over: Version | None = None
    while_open: bool = False


def homes(
    handle: IndexHandle,
    opened: Target,
    image_ids: Sequence[str],
    facts: Mapping[str, FrameFacts],
    placeholders: Mapping[str, Placeholder],
) -> dict[str, Home]:
    """By image id: an image that stands, or stood in a full index, goes where it is, any other into the open index."""
    places: dict[str, Home] = {}
    for image_id in image_ids:
        if (fact := facts.get(image_id)) is not None:
            places[image_id] = standing(handle, fact)
        elif (left := placeholders.get(image_id)) is not None:
            places[image_id] = Home(handle.of(left.index), over=left.version)
        else:
            places[image_id] = Home(opened, while_open=True)
    return places


def standing(handle: IndexHandle, fact: FrameFacts) -> Home:
    """Of an image that stands."""
    target = handle.of(fact.index)
    return Home(target, fact, while_open=target.state == "open")


def taking_away(home: Home, image_id: str) -> Action:
    """Takes away the frame of an image that stands, in the state in which it was read."""
    assert home.stored is not None
    frame, version = object_id(image_id, 0), home.stored.version
    if home.while_open:
        return action(home.target, "delete", frame, version=version, while_open=True)
    return action(home.target, "index", frame, PLACEHOLDER, version=version)


def taken_away(outcome: Outcome) -> bool:
    """Whether it was this action that took the frame away."""
    return outcome.ok and outcome.result in ("deleted", "updated")


def putting(home: Home, image_id: str, document: Mapping[str, Any]) -> Action:
    """Puts a frame where none is."""
    frame = object_id(image_id, 0)
    if home.while_open:
        return action(home.target, "create", frame, document, while_open=True)
    return action(home.target, "index", frame, document, version=home.over)
