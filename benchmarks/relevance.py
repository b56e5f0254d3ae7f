"""Prints the tables of docs/relevance.md: what was reached on scenes that chose nothing, and what the choices rest on.

``python -m benchmarks.relevance`` from the root of the repository.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Literal, NamedTuple

import numpy as np
from tests.integration.search.test_relevance import ASKED, EXCLUDED, LEFT_OUT, SCENES, SEED, measure, push_away
from tests.relevance_statistics import Choosing, chance, choosing, statistics
from tests.samples.drawn import COLLECTION, FOLDER, Drawn, best_names, drawn_world, scenes_without

from benchmarks.guides.tables import head, percent, table
from boxlens.domain.queries import Clause, Part, PictureClause, Query, TextClause
from boxlens.index.memory.index import InMemoryIndex
from boxlens.models.packs.pack import load_pack
from boxlens.search.scoring.thresholds import HIGH_THRESHOLD, LOW_THRESHOLD, WEAK

LANGUAGES = ("zh", "en")
PAIRS = 50
THRESHOLDS = (LOW_THRESHOLD, 0.02, HIGH_THRESHOLD, 0.1, 0.2, 0.35, WEAK, 0.65)


def main() -> None:
    pack = load_pack(FOLDER).info
    print(head("python -m benchmarks.relevance", "generated scenes and the things that they show", pack))
    index = InMemoryIndex()
    drawn = drawn_world(index, scenes_without(LEFT_OUT, SCENES, SEED))
    say(f"**Reached.** {_counted(index)} show none of {ASKED} things; these are asked for by name, and {ASKED} others.")
    say(table(("in percent, Chinese / English", "of the questions"), reached(drawn)))
    say(f"**Several things.** In the same scenes: {PAIRS} pairs that one scene shows, and {PAIRS} that none does.")
    say(table(("Chinese / English", f"each reaches {LOW_THRESHOLD} alone", '"auto"'), together(drawn)))
    world = choosing()
    say(f"**Thresholds.** {_counted(world.index)} show none of {ASKED} other things; nothing is cut.")
    columns = ("absent: the best hit", "present, right on the page: the best hit", "right hits", "right first hits")
    say(table(("below, in percent, Chinese / English / by picture", *columns), trade(world)))
    say("**Statistics.** The same scenes: how well present things, found right, stand apart from absent ones.")
    say(table(("statistic of the best cosine", "area under the ROC curve, Chinese / English"), statistics(world)))
    say("**Chance.** The same, in a quarter of the scenes and in all: standard deviations above the background.")
    say(table(("objects", "chance brings one at", "nine in ten absent things stay below"), chance(world)))


def say(text: str) -> None:
    print("\n" + text, flush=True)


def _counted(index: InMemoryIndex) -> str:
    info = index.info(COLLECTION)
    return f"{info.images} scenes ({info.objects:,} objects)"


def reached(drawn: Drawn) -> list[tuple[str, str]]:
    counts = [measure(drawn, language) for language in LANGUAGES]
    pushed = [push_away(drawn, language) for language in LANGUAGES]
    return [
        ("absent: empty answer, or all of it marked weak", percent(*(t.absent_empty_or_weak for t in counts))),
        ("absent: empty answer", percent(*(t.absent_empty for t in counts))),
        ("present: the right hit of the page of 20 is kept by the cut", percent(*(t.present_kept for t in counts))),
        ("present: a right hit after the cut", percent(*(t.present_found for t in counts))),
        ("present, right in first place: not marked weak", percent(*(t.present_sure for t in counts))),
        (f"{EXCLUDED} things without another: no picture shows the other", percent(*(p.free for p in pushed))),
        ("the same: right pictures without the other that stay", percent(*(p.stay for p in pushed))),
    ]


def together(drawn: Drawn) -> list[tuple[str, ...]]:
    """Pairs of things as ``all_of``, each member for itself and as "auto" has it."""
    rng = np.random.default_rng(3)
    things_shown = [sorted({o.thing_id for o in scene.objects}) for scene in drawn.scenes.values()]
    pairs = {pair for things in things_shown for pair in combinations(things, 2)}
    present = [
        tuple(map(str, rng.choice(things_shown[i], 2, replace=False)))
        for i in rng.permutation(len(things_shown))[:PAIRS]
    ]
    absent: list[tuple[str, ...]] = []
    while len(absent) < PAIRS:
        a, b = sorted(map(str, rng.choice(sorted(drawn.things()), 2, replace=False)))
        absent += [] if (a, b) in pairs else [(a, b)]
    ways = [[_pairs_told(drawn, present, absent, n, least) for n in LANGUAGES] for least in (LOW_THRESHOLD, "auto")]
    rows = ("present: right image first, %", "present: right image in the first five, %", "present: nothing found, %")
    rows += ("images shown for the present", "absent: nothing found, %", "absent: nothing found, or all marked weak, %")
    return [(name, *(" / ".join(f"{shares[i]:.0f}" for shares in way) for way in ways)) for i, name in enumerate(rows)]


def _pairs_told(
    drawn: Drawn,
    present: Sequence[tuple[str, ...]],
    absent: Sequence[tuple[str, ...]],
    language: str,
    least: float | Literal["auto"],
) -> list[float]:
    names = best_names(language)

    def ask(pair: tuple[str, ...]) -> Query:
        return Query((), all_of=tuple(Part(TextClause(names[thing])) for thing in pair), min_relevance=least)

    answers = [drawn.search.search(COLLECTION, ask(pair)) for pair in present]
    right = [[set(pair) <= drawn.shown(hit) for hit in a.hits] for pair, a in zip(present, answers, strict=True)]
    others = [drawn.search.search(COLLECTION, ask(pair)).hits for pair in absent]
    return [
        100 * float(np.mean([any(row[:1]) for row in right])),
        100 * float(np.mean([any(row[:5]) for row in right])),
        100 * float(np.mean([not row for row in right])),
        sum(answer.total for answer in answers),
        100 * float(np.mean([not hits for hits in others])),
        100 * float(np.mean([all(hit.weak for hit in hits) for hits in others])),
    ]


class Asked(NamedTuple):
    """Relevance of the best hit, whether it is right, and the relevances of all right hits of the page."""

    best: float
    right_first: bool
    right: tuple[float, ...]


def trade(world: Choosing) -> list[tuple[str, ...]]:
    """What each threshold would leave out."""
    pictures: dict[str, Clause] = {
        o.thing_id: PictureClause(scene.picture, o.box) for scene in world.outside for o in scene.objects
    }
    kinds: list[Mapping[str, Clause]] = [
        {thing: TextClause(name) for thing, name in best_names(language).items()} for language in LANGUAGES
    ]
    kinds.append(pictures)
    things = sorted(world.drawn.things() & pictures.keys())
    present = [str(t) for t in np.random.default_rng(1).permutation(things)[:ASKED]]
    absent = [[_outcome(world.drawn, kind[t], t) for t in world.absent if t in pictures] for kind in kinds]
    outcomes_present = [[_outcome(world.drawn, kind[t], t) for t in present] for kind in kinds]
    columns = (
        [np.array([outcome.best for outcome in kind]) for kind in absent],
        [np.array([outcome.best for outcome in kind if outcome.right]) for kind in outcomes_present],
        [np.array([value for outcome in kind for value in outcome.right]) for kind in outcomes_present],
        [np.array([outcome.best for outcome in kind if outcome.right_first]) for kind in outcomes_present],
    )
    return [
        (_marked(least), *(percent(*(float((values < least).mean()) for values in column)) for column in columns))
        for least in THRESHOLDS
    ]


def _outcome(drawn: Drawn, clause: Clause, thing: str) -> Asked:
    hits = drawn.search.search(COLLECTION, Query((clause,))).hits
    relevances = tuple(hit.relevance or 0.0 for hit in hits)
    right = [drawn.right(hit, thing) for hit in hits]
    return Asked(relevances[0], right[0], tuple(value for value, good in zip(relevances, right, strict=True) if good))


def _marked(least: float) -> str:
    used = {
        HIGH_THRESHOLD: "for words, the best hit must reach it",
        LOW_THRESHOLD: "all others must",
        WEAK: "marked as weak",
    }
    return f"**{least}**: {used[least]}" if least in used else str(least)


if __name__ == "__main__":
    main()
