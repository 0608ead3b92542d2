"""A slow endpoint keeps only its own waiting."""

import asyncio

from tests.patience import PATIENCE

from careloom.notify.fairness import Places


async def test_a_host_that_never_answers_uses_up_its_own_places_alone() -> None:
    places, entered = Places(of_owner=8, of_host=2), list[str]()
    never = asyncio.Event()

    async def attempt(owner: str, endpoint: str) -> None:
        async with places.take(owner, endpoint):
            entered.append(endpoint)
            if "dead" in endpoint:
                await never.wait()

    dead = [asyncio.create_task(attempt("gp", f"https://dead.example/{n}")) for n in range(50)]
    await asyncio.sleep(0)
    await asyncio.wait_for(attempt("gp", "https://living.example/hook"), PATIENCE)
    assert 2 == sum("dead" in each for each in entered)
    assert "https://living.example/hook" in entered
    for each in dead:
        each.cancel()


async def test_an_owner_with_many_slow_hosts_does_not_use_up_another_s_places() -> None:
    places, never = Places(of_owner=2, of_host=2), asyncio.Event()

    async def hang(host: int) -> None:
        async with places.take("greedy", f"https://h{host}.example/"):
            await never.wait()

    hanging = [asyncio.create_task(hang(host)) for host in range(20)]
    await asyncio.sleep(0)
    async with asyncio.timeout(PATIENCE), places.take("modest", "https://h99.example/"):
        pass
    for each in hanging:
        each.cancel()


async def test_a_place_that_is_given_to_somebody_who_has_left_goes_to_the_next() -> None:
    places, entered, go = Places(of_owner=1, of_host=1), list[str](), asyncio.Event()

    async def attempt(name: str) -> None:
        async with places.take("gp", "https://gp.example/"):
            entered.append(name)
            if name == "first":
                await go.wait()

    first, leaving, staying = (asyncio.create_task(attempt(name)) for name in ("first", "leaving", "staying"))
    await asyncio.sleep(0)
    go.set()
    while not first.done():
        await asyncio.sleep(0)
    leaving.cancel()
    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(leaving, staying, return_exceptions=True)
        async with places.take("gp", "https://gp.example/"):
            pass
    assert "staying" == entered[-1]
