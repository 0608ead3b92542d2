"""What notifications cost and how long they take, judged by a receiver in a process of its own.

    python -m benchmarks.notify [--store sqlite|postgresql] [--only latency rate ...]
    make bench-notify          # all of it: latency rate client subscriptions dead restart mllp kills
    make soak                  # 200 kills on each store

The hub is ``careloom serve`` as a process of its own. The judge (`benchmarks.notifying.judge`) imports nothing of it:
it verifies signatures, holds event numbers against 1, 2, 3 …, and compares what comes again with the bytes that came
before. Times are from the event's own timestamp, which is taken before the commit, to the moment of the judge's 2xx.
Whatever is lost, out of order or altered ends the benchmark.

Processor seconds depend on what else the machine does at the time, even though they count one process alone; so the
first line says what a loop of plain Python costs in them. Twenty million additions a second are an idle core of the
machine that the figures of ``docs/performance.md`` are from.
"""

import argparse
import asyncio
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from benchmarks.hub import postgresql
from benchmarks.notifying import kills, mllp, posting
from benchmarks.notifying.hubs import Receiver, receiver, telling_hub, told_settings
from benchmarks.notifying.in_turns import in_turns
from benchmarks.notifying.load import writing
from benchmarks.notifying.place import Place
from benchmarks.notifying.record import matched, opened, subscription, with_discharges, with_events, with_subscriptions
from benchmarks.serving.processes import Server, settle

LANES = 20
SHORT = ("latency", "rate")
"""What is measured unless something is asked for."""

EVERY_SECOND = 200
TURNS = 4
"""Times as long as is asked for, where two hubs are compared on the wall."""


WATCHED = 30.0
"""Seconds in which memory is watched after a restart: it grows while caches fill."""


def main() -> None:
    """Run what is asked for and print a line for each measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--only", nargs="+", choices=tuple(MEASURES), default=SHORT)
    parser.add_argument("--events", type=int, default=1000, help="of each of twenty subscriptions, for the rate")
    parser.add_argument("--pending", type=int, default=100_000, help="events that wait at a restart")
    parser.add_argument("--seconds", type=float, default=10.0, help="of paced writing, for latencies")
    parser.add_argument("--rounds", type=int, default=20, help="of kills")
    parser.add_argument("--seed", type=int, default=1, help="of the moments to kill at")
    asked = parser.parse_args()
    print(
        f"{asked.store}, load of the machine {os.getloadavg()[0]:.2f} on {os.cpu_count()} cores, "
        f"{additions():.1f} million additions in a processor second\n"
    )
    for name in asked.only:
        MEASURES[name](asked)


def additions() -> float:
    """Millions of additions that plain Python does in a processor second."""
    begun, total = time.process_time(), 0
    for each in range(3_000_000):
        total += each
    return 3 / (time.process_time() - begun)


@contextmanager
def place(asked: argparse.Namespace) -> Iterator[Place]:
    """A folder, and a database where that is apart."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory())).resolve()
        if asked.store == "postgresql":
            yield Place(folder, *stack.enter_context(postgresql(folder)))
        else:
            yield Place(folder)


# how long it takes


def latency(asked: argparse.Namespace) -> None:
    """Two subscribers to discharges that are written at a steady rate, each by a request of its own."""
    with place(asked) as at, receiver() as judge:
        asyncio.run(_subscribed(at, judge, 2))
        with telling_hub(at.folder, judge, at.url, at.database) as hub:
            found, answers = _paced(hub, judge, asked.seconds, 2)
    times = found["times"]["all"]
    more = f"load {os.getloadavg()[0]:.1f}, {times['count']} deliveries, answers to writers p99 {answers:.0f} ms"
    name = f"commit to 2xx, {EVERY_SECOND} events/s to 2 subscribers"
    line(f"{name}, p50", times["p50"], "ms", 10, is_least=False, more=more)
    line(f"{name}, p99", times["p99"], "ms", 50, is_least=False)


def _paced(hub: Server, judge: Receiver, seconds: float, listeners: int) -> tuple[dict[str, Any], float]:
    """Write at a steady rate, the first second not counted; what the judge found, and the p99 of answers in ms."""
    warm = asyncio.run(writing(hub, EVERY_SECOND, 1.0))
    judge.until(listeners * len(warm), 30)
    judge.anew()
    answers = asyncio.run(writing(hub, EVERY_SECOND, seconds))
    found = judge.until(listeners * (len(warm) + len(answers)), 60)
    require_order(found)
    return found, 1000 * sorted(answers)[int(0.99 * len(answers))]


async def _subscribed(
    at: Place, judge: Receiver, number: int, filter: Callable[[int], str] = lambda _: "", active: int | None = None
) -> None:
    """Subscriptions that have shaken hands, of which the first so many are active, all unless said, and others off."""
    settle(at.folder, at.url, told_settings(judge))
    async with opened(at.folder) as repository:
        wanted = [subscription(f"{judge.address}/hook/all", filter=filter(each)) for each in range(number)]
        await with_subscriptions(repository, wanted[:active])
        if active is not None:
            await with_subscriptions(repository, wanted[active:], status="off")
        await matched(repository)


# how much it costs


def rate(asked: argparse.Namespace) -> None:
    """Events delivered in a processor second of a hub that does nothing else."""
    for most, goal in ((1, 4_000), (100, 10_000)):
        with place(asked) as at, receiver() as judge:
            judge.gate(False)
            asyncio.run(_waiting(at, judge, LANES, most, asked.events))
            with telling_hub(at.folder, judge, at.url, at.database) as hub:
                time.sleep(1.0)
                before, database = hub.cpu(), hub.database_cpu()
                judge.gate(True)
                found = judge.until(LANES * asked.events, 300)
                spent, apart = hub.cpu() - before, hub.database_cpu() - database
        require_order(found)
        took = found["latest"] - found["first"]
        more = f"{found['events'] / took:.0f}/s on the wall, {additions():.1f} million additions/s" + (
            f", database {apart:.1f} s" if at.database else ""
        )
        name = "one by one" if most == 1 else f"up to {most} in a notification"
        line(f"deliveries a core, {name}", found["events"] / spent, "/s", goal, more=more)


async def _waiting(at: Place, judge: Receiver, lanes: int, most: int, events: int) -> None:
    settle(at.folder, at.url, told_settings(judge))
    async with opened(at.folder) as repository:
        wanted = [subscription(f"{judge.address}/hook/all", most=most) for _ in range(lanes)]
        ids = await with_subscriptions(repository, wanted)
        versions = await with_discharges(repository, 200)
        await with_events(repository, ids, versions, events)


def subscriptions(asked: argparse.Namespace) -> None:
    """What ten thousand subscriptions that listen add to a write, to that in a record in which all but two are off.

    A record of ten thousand more resources of any kind has larger indexes, which is not what is asked here.
    """
    with ExitStack() as stack:
        hubs = [_listening(stack, asked, active) for active in (2, 10_000)]
        for hub in hubs:
            asyncio.run(writing(hub, 50, 2.0))
        few, many = in_turns(hubs, 50, TURNS * asked.seconds)
    more = f"{few.each:.1f} and {many.each:.1f} ms with telling two of it, {additions():.1f} million additions/s"
    line("added to a write by 10,000 subscriptions, processor time", many.each - few.each, "ms", 1, False, more)
    for share in (0.5, 0.9, 0.99):
        more = f"{few.at(share):.1f} and {many.at(share):.1f} ms, load {os.getloadavg()[0]:.1f}"
        added = many.at(share) - few.at(share)
        line(f"the same to the p{100 * share:.0f} of its answer, on the wall", added, "ms", 1, False, more)


def _listening(stack: ExitStack, asked: argparse.Namespace, active: int) -> Server:
    """A hub with ten thousand subscriptions, of which so many are active."""
    at, judge = stack.enter_context(place(asked)), stack.enter_context(receiver())
    asyncio.run(_subscribed(at, judge, 10_000, _of_one_patient, active))
    return stack.enter_context(telling_hub(at.folder, judge, at.url, at.database))


def _of_one_patient(number: int) -> str:
    """The first two listen to everything, the others to a patient of their own."""
    return "" if number < 2 else f"Encounter?patient=Patient/other-{number}"


def dead(asked: argparse.Namespace) -> None:
    """Fifty living endpoints alone, beside fifty that never answer, and beside fifty more that do.

    Any fifty more are matched and numbered before the first of all is told; what dead ones add to that is their own.
    """
    with ExitStack() as stack:
        hubs, judges = zip(*(_beside(stack, asked, others) for others in ("", "dead", "hook")), strict=True)
        for hub in hubs:
            asyncio.run(writing(hub, 4, 2.0))
        time.sleep(1.0)
        for judge in judges:
            judge.anew()
        in_turns(hubs, 4, TURNS * asked.seconds)
        time.sleep(1.0)
        found = [judge.report() for judge in judges]
    for each in found:
        require_order(each)
    alone, beside_dead, beside_living = (each["times"]["all"] for each in found)
    for share in ("p50", "p99"):
        for name, times in (("50 dead ones", beside_dead), ("50 more living ones", beside_living)):
            more = f"{alone[share]:.1f} and {times[share]:.1f} ms, {additions():.1f} million additions/s"
            added = 100 * (times[share] / alone[share] - 1)
            line(f"added to the {share} of 50 endpoints by {name}", added, "%", None, more=more)
        more = f"{beside_living[share]:.1f} and {beside_dead[share]:.1f} ms"
        added = 100 * (beside_dead[share] / beside_living[share] - 1)
        name = f"added to the {share} of 50 of 100 endpoints when the others die"
        line(name, added, "%", 10, is_least=False, more=more)


def _beside(stack: ExitStack, asked: argparse.Namespace, others: str) -> tuple[Server, Receiver]:
    """A hub with fifty living endpoints and as many others, where there are any, and the judge of the living."""
    at, judge = stack.enter_context(place(asked)), stack.enter_context(receiver())
    asyncio.run(_with_others(at, judge, others))
    return stack.enter_context(telling_hub(at.folder, judge, at.url, at.database)), judge


async def _with_others(at: Place, judge: Receiver, others: str) -> None:
    settle(at.folder, at.url, told_settings(judge))
    async with opened(at.folder) as repository:
        wanted = [subscription(f"{judge.address}/hook/all") for _ in range(50)]
        port = judge.address.rpartition(":")[2]  # another address of the same machine is another host
        wanted += [subscription(f"http://127.0.0.2:{port}/{others}/{each}") for each in range(50) if others]
        await with_subscriptions(repository, wanted)


def restart(asked: argparse.Namespace) -> None:
    """A hub that starts with very many events pending: when the first is delivered, and how much memory it takes."""
    lanes = 100
    with place(asked) as at, receiver() as judge:
        asyncio.run(_waiting(at, judge, lanes, 1, asked.pending // lanes))
        begun = time.time()
        with telling_hub(at.folder, judge, at.url, at.database) as hub:
            ready = time.time() - begun
            judge.until(1, 60)
            first, spent = judge.report()["first"] - begun, hub.cpu()
            time.sleep(WATCHED)
            memory = _memory(hub.processes[0])
        require_order(judge.report())
    more = f"from the start of the process, which serves after {ready:.1f} s; {spent:.1f} s of processor time"
    line(f"restart with {asked.pending:,} pending, to the first delivery", first, "s", 5, is_least=False, more=more)
    line(f"memory at its most in {WATCHED:.0f} seconds of delivering them", memory, "MB", 200, is_least=False)


def _memory(process: int) -> float:
    """Resident memory at its most, in MB."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def client(asked: argparse.Namespace) -> None:
    """A POST by the hub's own client, and by aiohttp, of the same body to the same receiver, one after the other."""
    with receiver() as judge:
        own, other = asyncio.run(posting.compared(f"{judge.address}/-/none"))
    more = f"{1e6 * own:.0f} and {1e6 * other:.0f} microseconds of processor time"
    line("aiohttp to the hub's own client, a POST of 1,800 bytes", other / own, "x", 2, more=more)


# what is lost


def killed(asked: argparse.Namespace) -> None:
    """Kills at random moments; nothing may be lost, out of order, or come again but for what was in flight."""
    with place(asked) as at, receiver() as judge:
        told = kills.run(at, judge, asked.rounds, asked.seed)
    require_order(told.found)
    line(f"lost in {asked.rounds} kills of {told.victims}", told.lost, "", 0, is_least=False, more=told.more)


def over_mllp(asked: argparse.Namespace) -> None:
    """ADT messages that are acknowledged after their commit, in a processor second of the hub."""
    with place(asked) as at, receiver() as judge:
        found = mllp.run(at, judge)
    line("ADT over MLLP, acknowledged after commit, a core", found.rate, "/s", 1_500, more=found.more)


MEASURES: dict[str, Callable[[argparse.Namespace], None]] = {
    "latency": latency,
    "rate": rate,
    "subscriptions": subscriptions,
    "dead": dead,
    "restart": restart,
    "client": client,
    "mllp": over_mllp,
    "kills": killed,
}


def require_order(found: dict[str, Any]) -> None:
    """Stop where anything was lost, out of order or altered."""
    faults = {each: found[each] for each in ("gaps", "repeated", "altered", "unsigned", "misnamed") if found.get(each)}
    if faults:
        raise SystemExit(f"{faults}: {found['faults']}")


def line(  # noqa: PLR0917
    name: str, value: float, unit: str, goal: float | None, is_least: bool = True, more: str = ""
) -> None:
    """Print a measure beside its goal; without one it is there for comparison."""
    if goal is None:
        verdict = "for comparison"
    else:
        holds = value >= goal if is_least else value <= goal
        verdict = f"{'at least' if is_least else 'at most'} {goal:g}: {'holds' if holds else 'MISSED'}"
    print(f"{name:62} {value:9.1f} {unit:3} {verdict}; {more}", flush=True)


if __name__ == "__main__":
    main()
