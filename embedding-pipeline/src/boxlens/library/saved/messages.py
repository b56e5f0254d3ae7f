"""Messages about matches: signed as Standard Webhooks 1.0 says (standardwebhooks.com), sent until they arrive.

A message is deleted from the ledger after the address has taken it. A process that is killed between the two sends it
once more: with the same id, by which a receiver knows it.
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

import orjson

from boxlens.domain.errors import BoxlensError
from boxlens.domain.ports import Poster
from boxlens.library.saved.entries import SavedSearch
from boxlens.library.saved.ledger import SavedSearches

log = logging.getLogger(__name__)
FIRST_WAIT_S, LONGEST_WAIT_S = 5.0, 3600.0
"""Before a message is sent again: twice as long each time."""

_SECRET = "whsec_"


class Messenger:
    """Tells the owner's addresses of matches."""

    def __init__(
        self,
        saved: SavedSearches,
        poster: Poster,
        addresses: Sequence[str],
        secret: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """``secret`` signs the messages; see ``secret_bytes``."""
        self.addresses = tuple(addresses)
        self._saved, self._poster, self._clock = saved, poster, clock
        self._secret = secret_bytes(secret)

    def send_due(self, stop: threading.Event) -> None:
        """Send every message whose time has come. An address that fails is left alone until the next call; messages to
        an address that the owner has taken away are dropped."""
        failing: set[str] = set()
        for message in self._saved.due(self._clock()):
            if stop.is_set():
                return
            if message.address not in self.addresses:
                self._saved.arrived(message)
            elif message.address not in failing:
                body = message.body.encode()
                try:
                    headers = signed(message.event, body, self._secret, int(self._clock()))
                    self._poster.post(message.address, body, headers)
                except BoxlensError as error:
                    failing.add(message.address)
                    wait = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** min(message.attempts, 20))
                    log.warning("a match is told again in %.0f s: %s", wait, error.detail)
                    self._saved.put_off(message, self._clock() + wait)
                else:
                    self._saved.arrived(message)


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
