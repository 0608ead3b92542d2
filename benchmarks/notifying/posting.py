"""What a POST costs by one client and by another."""

import time

import aiohttp

from careloom.notify import EndpointPolicy
from careloom.notify.poster import Poster, header_fields

ROUNDS = 3
POSTS = 1000
BODY = b"x" * 1800
HEADERS = {"Content-Type": "application/fhir+json"}


async def compared(url: str) -> tuple[float, float]:
    """Processor seconds of a POST by the hub's own client and by aiohttp, each in its best round."""
    own, other = [], []
    poster = Poster(EndpointPolicy.of(["127.0.0.1"]))
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        for _ in range(ROUNDS):
            own.append(await _by_own(poster, url))
            other.append(await _by_aiohttp(session, url))
    await poster.close()
    return min(own), min(other)


async def _by_own(poster: Poster, url: str) -> float:
    begun = time.process_time()
    for _ in range(POSTS):
        await poster.post(url, header_fields([*HEADERS.items()]), BODY)
    return (time.process_time() - begun) / POSTS


async def _by_aiohttp(session: aiohttp.ClientSession, url: str) -> float:
    begun = time.process_time()
    for _ in range(POSTS):
        async with session.post(url, data=BODY, headers=HEADERS, allow_redirects=False) as answer:
            await answer.content.read(65_536)
    return (time.process_time() - begun) / POSTS
