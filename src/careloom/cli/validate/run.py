"""One run: sources to tasks, tasks to judgements, judgements to text, with a bar while it is long."""

import sys
from collections.abc import Iterable
from contextlib import closing
from functools import partial

from careloom.cli.validate.progress import Bar, write
from careloom.cli.validate.request import Request
from careloom.model.instants import utc_now
from careloom.validation.batch import IgnoreEntry, judged, read_ignore_file, sources, tasks_of
from careloom.validation.batch.question import in_force
from careloom.validation.reporting import Style, Tally, Told, page_of, reporter


def run(request: Request) -> bool:
    """Judge what the request names and write the report; whether nothing failed.

    Raises:
        CareloomError: The question could not be asked, or an input not be read.
        BrokenPipeError: Nobody reads the report any more.
    """
    request.check()
    _prepare_output(is_text=request.format == "text")
    if request.watch:
        from careloom.cli.validate.watch import watch  # noqa: PLC0415  (few runs need it)

        return watch(request)
    found = sources(request.files)
    entries = ignore_entries(request)
    tally = Tally(request.fail_on)
    told = Told(tally, utc_now(), request.summary)
    style = Style(request.format, request.fail_on, request.summary)
    question = request.question(in_force(entries, told.at.date()))
    told_there = partial(page_of, style=style)
    pages = judged(tasks_of(found), question, told_there, jobs=request.jobs, engine=request.engine)
    size = sum(source.size for source in found) if all(source.path for source in found) else 0
    with closing(pages), Bar(size, tally) as bar:
        used = write(pages, reporter(request.format, told), tally, bar)
    tell_unused(question.ignored, used)
    return not tally.failing


def ignore_entries(request: Request) -> tuple[IgnoreEntry, ...]:
    """The entries of the ignore file; those that have expired are told."""
    entries = read_ignore_file(request.ignore) if request.ignore else ()
    for entry in entries:
        if entry.is_expired(utc_now().date()):
            sys.stderr.write(f"{request.ignore}: {entry} expired on {entry.expires}; its findings are told again\n")
    return entries


def tell_unused(entries: Iterable[IgnoreEntry], used: set[int]) -> None:
    """Entries that covered nothing: what they were for is gone, and so can they be."""
    for entry in entries:
        if entry.number not in used:
            sys.stderr.write(f"ignore file: {entry} covers nothing\n")


def _prepare_output(*, is_text: bool) -> None:
    """Formats for tools are UTF-8 wherever they are written; text for people is in the terminal's encoding."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    if not is_text:
        sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
