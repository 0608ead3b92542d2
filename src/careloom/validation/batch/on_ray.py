"""The Ray engine: the same function over the same packs, on this machine or on the cluster that RAY_ADDRESS names.

The machines of a cluster must see the files under the same paths, and have the same packages in their caches.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from typing import Any, TypeVar

from careloom.model.errors import NotSupportedError
from careloom.validation.batch.judgement import Batch
from careloom.validation.batch.packs import Pack, judge_pack
from careloom.validation.batch.question import Question

T = TypeVar("T")

PACKS_EACH = 3
"""Packs that a worker has: one at hand, one waiting, and one on its way."""


def judged_on_ray(packs: Iterable[Pack], question: Question, then: Callable[[Batch], T], jobs: int) -> Iterator[T]:
    """What is to be said of each task of each pack, in order; see `engines.judged`.

    Raises:
        NotSupportedError: Ray is not installed.
        CareloomError: The question cannot be asked, or an input cannot be had.
    """
    ray = _ray()
    is_ours = not ray.is_initialized()
    if is_ours:
        local = {} if os.environ.get("RAY_ADDRESS") else {"num_cpus": jobs, "include_dashboard": False}
        ray.init(log_to_driver=False, logging_level="error", **local)
    try:
        yield from _in_order(ray, packs, question, then, jobs)
    finally:
        if is_ours:
            ray.shutdown()


def _in_order(
    ray: Any, packs: Iterable[Pack], question: Question, then: Callable[[Batch], T], jobs: int
) -> Iterator[T]:
    remote = ray.remote(judge_pack)
    under_way: deque[Any] = deque()
    for pack in packs:
        under_way.append(remote.remote(pack, question, then))
        if len(under_way) >= jobs * PACKS_EACH:
            yield from ray.get(under_way.popleft())
    while under_way:
        yield from ray.get(under_way.popleft())


def _ray() -> Any:
    try:
        return import_module("ray")
    except ImportError as error:
        message = "--engine ray: the extra expected, not installed: pip install 'careloom[ray]'"
        raise NotSupportedError(message) from error
