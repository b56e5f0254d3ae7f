"""Messages about matches, sent until they arrive: to webhooks signed as Standard Webhooks 1.0 says
(standardwebhooks.com), to people as a sentence in both languages.

A message is deleted from the ledger after the address has taken it. A process that is killed between the two sends it
once more: with the same id, by which a receiver knows it. What people are told carries none.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

import orjson

from boxlens.domain.errors import BoxlensError
from boxlens.domain.ports import Poster
from boxlens.library.saved.entries import Message, SavedSearch
from boxlens.library.saved.ledger import SavedSearches

log = logging.getLogger(__name__)
FIRST_WAIT_S, LONGEST_WAIT_S = 5.0, 3600.0
"""Before a message is sent again: twice as long each time."""

_SECRET = "whsec_"


class Notifier(Protocol):
    """Tells people where the owner said, by e-mail or through a service; guarded as a Fetcher is."""

    @property
    def keys(self) -> tuple[str, ...]:
        """What stands for each target where its address, which holds secrets, must not be written."""
        ...

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of the targets, each once: ``mailto``, ``ntfy``."""
        ...

    def tell(self, key: str, title: str, text: str) -> None:
        """Hand a message over, and wait until it is taken. Raises ForbiddenUrl, and FetchFailed unless it was."""
        ...

    def rest(self) -> None:
        """Nothing more is to be told for now."""
        ...


class Messenger:
    """Tells the owner's webhooks and targets of matches."""

    def __init__(
        self,
        saved: SavedSearches,
        poster: Poster,
        notifier: Notifier,
        addresses: Sequence[str],
        secret: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """``secret`` signs what goes to ``addresses``, the webhooks; see ``secret_bytes``."""
        self._addresses = tuple(addresses)
        self._saved, self._poster, self._notifier, self._clock = saved, poster, notifier, clock
        self._secret = secret_bytes(secret)

    def told_of(self, search: SavedSearch) -> tuple[str, ...]:
        """Whom a match of a search is told: webhooks by their address, targets of apprise by their key."""
        return (self._addresses if search.tell else ()) + (self._notifier.keys if search.tell_apprise else ())

    def send_due(self, stop: threading.Event) -> None:
        """Send every message whose time has come. An address that fails is left alone until the next call; messages to
        an address that the owner has taken away are dropped."""
        try:
            self._send_due(stop)
        finally:
            self._notifier.rest()

    def _send_due(self, stop: threading.Event) -> None:
        failing: set[str] = set()
        present = {*self._addresses, *self._notifier.keys}
        for message in self._saved.due(self._clock()):
            if stop.is_set():
                return
            if message.address not in present:
                self._saved.arrived(message)
            elif message.address not in failing:
                try:
                    self._send(message)
                except BoxlensError as error:
                    failing.add(message.address)
                    wait = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** min(message.attempts, 20))
                    log.warning("a match is told again in %.0f s: %s", wait, error.detail)
                    self._saved.put_off(message, self._clock() + wait)
                else:
                    self._saved.arrived(message)

    def _send(self, message: Message) -> None:
        """Raises BoxlensError unless it was taken."""
        if message.address in self._notifier.keys:
            self._notifier.tell(message.address, *in_words(orjson.loads(message.body)))
            return
        body = message.body.encode()
        self._poster.post(message.address, body, signed(message.event, body, self._secret, int(self._clock())))


def signed(event: str, body: bytes, secret: bytes, timestamp: int) -> Mapping[str, str]:
    """The headers of a message: its id, when it is sent (seconds since 1970), and the HMAC-SHA256 of all three."""
    content = f"{event}.{timestamp}.".encode() + body
    signature = base64.b64encode(hmac.new(secret, content, hashlib.sha256).digest()).decode()
    return {
        "content-type": "application/json",
        "webhook-id": event,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{signature}",
    }


def secret_bytes(secret: str) -> bytes:
    """What signs: the base64 behind ``whsec_``, else the text itself.

    >>> secret_bytes("whsec_aGVsbG8="), secret_bytes("hello")
    (b'hello', b'hello')
    """
    if secret.startswith(_SECRET):
        try:
            return base64.b64decode(secret.removeprefix(_SECRET), validate=True)
        except binascii.Error:
            pass
    return secret.encode()


def match_body(search: SavedSearch, event: str, image_id: str, at: float) -> str:
    """What is told of a match, as JSON."""
    body = {
        "type": "saved_search.match",
        "id": event,
        "timestamp": datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds"),
        "data": {
            "saved_search": {"id": search.id, "name": search.name, "link": search.link},
            "collection": search.collection,
            "image_id": image_id,
        },
    }
    return orjson.dumps(body).decode()


def in_words(body: Mapping[str, Any]) -> tuple[str, str]:
    """What people are told of a match, as title and text, in English and Chinese.

    >>> search = {"name": "red  cars", "link": "q=red+car"}
    >>> in_words({"data": {"saved_search": search, "collection": "holiday", "image_id": "5e1f"}})[0]
    'Boxlens: red cars'
    """
    data = body["data"]
    name = " ".join(data["saved_search"]["name"].split())
    text = (
        f"A new picture in {data['collection']} matches the saved search “{name}”.\n"
        f"图库 {data['collection']} 有一张新图片符合保存的搜索“{name}”。\n"
        f"{data['image_id']}"
    )
    return f"Boxlens: {name}", text
