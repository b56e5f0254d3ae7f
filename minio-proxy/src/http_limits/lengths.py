"""A request says the length of its body in one way."""

from __future__ import annotations

from collections.abc import Callable

from http_limits.bodies import App, Message, Receive, Refused, Scope, Send


class OneLength:
    """ASGI middleware: refuses a request with both ``Content-Length`` and ``Transfer-Encoding``, and ends its
    connection. A server in front of this one may go by the other of the two, and take what follows here for a request
    of somebody else (RFC 9112, section 6.1)."""

    def __init__(self, app: App, *, refuse: Callable[[Refused], App]) -> None:
        self._app, self._refuse = app, refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not {b"content-length", b"transfer-encoding"} <= {
            name for name, _ in scope["headers"]
        }:
            await self._app(scope, receive, send)
            return

        async def ending(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), (b"connection", b"close")]
            await send(message)

        detail = "The request says the length of its body in two ways."
        refusal = Refused(400, "bad_request", detail, "Send either Content-Length or Transfer-Encoding.")
        await self._refuse(refusal)(scope, receive, ending)
