"""How long and how many requests may keep an HTTP service busy: for every HTTP service of Boxlens.

Who sends slowly holds a connection and nothing else: heads have a deadline (``DeadlineProtocol``), bodies come before
any work begins (``ReceiveFirst``), and work stands in a queue with an end (``Queue``). It imports nothing of the
services.
"""

from http_limits.bodies import ReceiveFirst, Refused
from http_limits.connections import DeadlineProtocol, raise_descriptor_limit
from http_limits.cookies import WithoutCookies
from http_limits.lengths import OneLength
from http_limits.queue import Queue

__all__ = [
    "DeadlineProtocol",
    "OneLength",
    "Queue",
    "ReceiveFirst",
    "Refused",
    "WithoutCookies",
    "raise_descriptor_limit",
]
