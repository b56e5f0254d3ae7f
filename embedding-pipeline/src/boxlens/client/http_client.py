"""Requests to a running Boxlens over HTTP, one method an operation."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import httpx

from boxlens.api.schemas.answers import Collection, Detected, Facets, Hit, Image, StoredObject
from boxlens.client.results import Results, drawn
from boxlens.domain.errors import BoxlensError, FetchFailed, Unavailable
from boxlens.domain.pictures import Pixels

if TYPE_CHECKING:
    from PIL.Image import Image as PilImage

    Picture = str | Path | bytes | Pixels | PilImage
    """A file, an address (http or https), bytes of a file, RGB pixels uint8 (height, width, 3), or a PIL image."""


@dataclass(frozen=True, slots=True)
class Example:
    """A picture to search with: the box that is meant, xyxy in pixels of the upright picture (None: its main object),
    and its weight; below 0 pushes away."""

    picture: Picture
    box: Sequence[float] | None = None
    weight: float = 1.0


class Client:
    """Talks to one Boxlens. Raises errors of ``boxlens.domain.errors``, with the code the server gave."""

    def __init__(
        self,
        url: str,
        api_key: str | None = None,
        *,
        timeout_s: float = 60,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        headers = {"X-API-Key": api_key} if api_key else {}
        self._api = httpx.Client(base_url=url, headers=headers, timeout=timeout_s, transport=transport)
        self._web = httpx.Client(timeout=timeout_s, transport=transport)  # pictures: the key is not sent along

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let connections go."""
        self._api.close()
        self._web.close()

    # --- searching ---------------------------------------------------------------------------------------------------

    def search(
        self,
        collection: str,
        text: str | None = None,
        *,
        images: Sequence[Picture | Example] = (),
        objects: Sequence[str] = (),
        not_: Sequence[str] = (),
        clauses: Sequence[Mapping[str, Any]] = (),
        filter: Mapping[str, Any] | None = None,
        all_of: Sequence[Mapping[str, Any]] = (),
        collections: Sequence[str] = (),
        size: int = 20,
        cursor: str | None = None,
        **more: Any,
    ) -> Results:
        """One page of what the query finds.

        ``objects`` are ids of stored objects, ``not_`` words to keep away from, ``clauses`` ready ones as in
        docs/api.md; ``more`` are further fields of a query, such as ``signals``, ``sort``, ``min_relevance``.
        """
        all_clauses: list[dict[str, Any]] = [{"text": text}] if text else []
        all_clauses += [self._clause(image) for image in images]
        all_clauses += [{"object_id": object_id} for object_id in objects]
        all_clauses += [{"text": words, "weight": -0.5} for words in not_]
        all_clauses += [dict(clause) for clause in clauses]
        body: dict[str, Any] = {"clauses": all_clauses, "size": size} | more
        options = {"filter": filter, "all_of": list(all_of), "collections": list(collections), "cursor": cursor}
        body |= {name: value for name, value in options.items() if value}
        return self._results(collection, body)

    def pages(self, collection: str, text: str | None = None, **query: Any) -> Iterator[Results]:
        """All pages of a search, each fetched when it is asked for; pictures are sent once."""
        page: Results | None = self.search(collection, text, **query)
        while page is not None:
            yield page
            page = self.next_page(page)

    def hits(self, collection: str, text: str | None = None, **query: Any) -> Iterator[Hit]:
        """All hits of a search, page after page."""
        for page in self.pages(collection, text, **query):
            yield from page.hits

    def next_page(self, page: Results) -> Results | None:
        """The page behind one, None behind the last."""
        if page.next_cursor is None:
            return None
        return self._results(page.collection, page.query | {"cursor": page.next_cursor})

    def similar(self, collection: str, object_id: str, *, size: int = 20) -> Results:
        """Objects like a stored one, which is left out itself."""
        answer = self._ask("GET", f"/v1/collections/{collection}/objects/{object_id}/similar", params={"size": size})
        return self._attach(Results.model_validate(answer.json()), collection, {})

    def detect(self, picture: Picture) -> Detected:
        """What is in a picture; its ``upload_id`` stands for it in clauses for a while."""
        sent = _sent(picture)
        return Detected.model_validate(self._ask("POST", "/v1/detect", **sent).json())

    def facets(self, collection: str, filter: Mapping[str, Any] | None = None) -> Facets:
        """Counts by label, tag, album, colour, format, year and camera."""
        body = {"filter": filter} if filter else {}
        return Facets.model_validate(self._ask("POST", f"/v1/collections/{collection}/facets", json=body).json())

    # --- collections and images --------------------------------------------------------------------------------------

    def collections(self) -> list[Collection]:
        return [Collection.model_validate(entry) for entry in self._ask("GET", "/v1/collections").json()["collections"]]

    def create(self, collection: str, **settings: Any) -> Collection:
        """Make a collection, or change settings of one: ``pack``, ``index_type``, ``score_threshold``, ``nms_iou``,
        ``min_relevance``."""
        return Collection.model_validate(self._ask("PUT", f"/v1/collections/{collection}", json=settings).json())

    def drop(self, collection: str) -> None:
        """Delete a collection and all in it; the bytes of its pictures stay."""
        self._ask("DELETE", f"/v1/collections/{collection}")

    def add(self, collection: str, picture: Picture, *, caption: str | None = None, tags: Sequence[str] = ()) -> Image:
        """Take a picture in; found by searches on return. The same bytes again change nothing."""
        sent = _sent(picture)
        description = {"caption": caption} if caption is not None else {}
        sent["data"] = sent.get("data", {}) | description | ({"tags": list(tags)} if tags else {})
        return Image.model_validate(self._ask("POST", f"/v1/collections/{collection}/images", **sent).json())

    def image(self, collection: str, image_id: str) -> Image:
        """One image with its objects, the frame first."""
        return Image.model_validate(self._ask("GET", f"/v1/collections/{collection}/images/{image_id}").json())

    def describe(self, collection: str, image_id: str, **words: Any) -> Image:
        """Set ``caption`` or ``tags`` of an image, or of its object ``number`` alone."""
        path = f"/v1/collections/{collection}/images/{image_id}"
        return Image.model_validate(self._ask("PATCH", path, json=words).json())

    def delete(self, collection: str, image_id: str) -> None:
        """Delete an image; ``restore`` undoes it for an hour."""
        self._ask("DELETE", f"/v1/collections/{collection}/images/{image_id}")

    def restore(self, collection: str, image_id: str) -> Image:
        path = f"/v1/collections/{collection}/images/{image_id}/restore"
        return Image.model_validate(self._ask("POST", path).json())

    def draw(self, image: Hit | Image, *, width: int | None = None) -> PilImage:
        """The picture of a hit, upright, with the boxes of its objects drawn; ``width`` in pixels scales it down.

        Raises FetchFailed when its bytes are not served, or do not come.
        """
        boxes: Sequence[StoredObject] = image.objects
        return drawn(self._bytes(image.image_url), boxes, width)

    # --- the wire ----------------------------------------------------------------------------------------------------

    def _clause(self, image: Picture | Example) -> dict[str, Any]:
        example = image if isinstance(image, Example) else Example(image)
        clause: dict[str, Any] = {"weight": example.weight}
        if isinstance(example.picture, str) and example.picture.startswith(("http://", "https://")):
            clause["image_url"] = example.picture
        else:
            clause["upload_id"] = self.detect(example.picture).upload_id
        return clause if example.box is None else clause | {"box": [float(side) for side in example.box]}

    def _results(self, collection: str, body: dict[str, Any]) -> Results:
        answer = self._ask("POST", f"/v1/collections/{collection}/search", json=body)
        return self._attach(Results.model_validate(answer.json()), collection, body)

    def _attach(self, results: Results, collection: str, query: dict[str, Any]) -> Results:
        results.belong(collection, query, self.draw)
        return results

    def _ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        try:
            answer = self._api.request(method, path, **more)
        except httpx.HTTPError as error:
            raise Unavailable(
                f"Boxlens does not answer at {self._api.base_url}: {error}", hint="Start it: boxlens serve"
            ) from error
        if answer.is_success:
            return answer
        raise error_of(answer)

    def _bytes(self, address: str | None) -> bytes:
        if address is None:
            raise FetchFailed("The bytes of this picture are not served.", hint="It was ingested with --reference.")
        try:
            answer = self._web.get(address)
        except httpx.HTTPError as error:
            raise FetchFailed(f"{address} did not come: {error}", hint="Is minio-proxy running?") from error
        if not answer.is_success:
            raise FetchFailed(f"{address} was answered with {answer.status_code}.", hint="Search again.")
        return answer.content


def error_of(answer: httpx.Response) -> BoxlensError:
    """The error of a problem+json answer by its stable code; its place is that of the first thing that is wrong."""
    try:
        problem = answer.json()
    except ValueError:
        problem = None
    if not isinstance(problem, dict) or "code" not in problem:
        return Unavailable(f"{answer.url} answered {answer.status_code} and is no Boxlens.", hint="Check the address.")
    wrong = (problem.get("errors") or [{}])[0]
    kind = _kinds(BoxlensError).get(str(problem["code"]), BoxlensError)
    return kind(str(problem.get("detail", "")), hint=str(problem.get("hint", "")), place=str(wrong.get("place", "")))


def _kinds(root: type[BoxlensError]) -> dict[str, type[BoxlensError]]:
    kinds = {root.code: root}
    for kind in root.__subclasses__():
        kinds |= _kinds(kind)
    return kinds


def _sent(picture: Picture) -> dict[str, Any]:
    """A picture as the form fields of a request."""
    if isinstance(picture, str) and picture.startswith(("http://", "https://")):
        return {"data": {"image_url": picture}}
    name = Path(picture).name if isinstance(picture, (str, Path)) else "picture"
    return {"files": {"file": (name, _encoded(picture))}}


def _encoded(picture: Picture) -> bytes:
    """The bytes of a file; pixels become PNG, which loses nothing."""
    if isinstance(picture, bytes):
        return picture
    if isinstance(picture, (str, Path)):
        return Path(picture).read_bytes()
    from PIL import Image as Pil

    image = picture if isinstance(picture, Pil.Image) else Pil.fromarray(picture)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
