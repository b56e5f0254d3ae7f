"""A property that is computed once for each instance, also when several threads ask for it at the same time."""

from __future__ import annotations

from collections.abc import Callable
from threading import RLock
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")
_LOCKS = "_made_once_locks"
_making_locks = RLock()


class made_once(Generic[T]):  # noqa: N801 - written as a decorator
    """As ``functools.cached_property``, which has no lock from Python 3.12 on.

    Each value has a lock of its own in each instance; asking again costs no lock. What the function raises is not
    remembered.
    """

    def __init__(self, compute: Callable[[Any], T]) -> None:
        self._compute = compute
        self.__doc__ = compute.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> made_once[T]: ...

    @overload
    def __get__(self, instance: object, owner: type) -> T: ...

    def __get__(self, instance: object | None, owner: type) -> made_once[T] | T:
        """Called only while the instance holds no value under this name."""
        if instance is None:
            return self
        values = instance.__dict__
        with self._lock(values):
            if self._name not in values:
                values[self._name] = self._compute(instance)
        return values[self._name]  # type: ignore[no-any-return]

    def _lock(self, values: dict[str, Any]) -> RLock:
        with _making_locks:
            return values.setdefault(_LOCKS, {}).setdefault(self._name, RLock())  # type: ignore[no-any-return]
