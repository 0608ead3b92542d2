"""Many resources judged: what the arguments name is cut into tasks, and tasks are judged, in order, by an engine."""

from careloom.validation.batch.engines import Engine, judged
from careloom.validation.batch.ignoring import IgnoreEntry, read_ignore_file
from careloom.validation.batch.judgement import Batch, Finding, Judgement
from careloom.validation.batch.question import Question
from careloom.validation.batch.sources import STANDARD_INPUT, Source, sources
from careloom.validation.batch.tasks import Task, tasks_of

__all__ = [
    "STANDARD_INPUT",
    "Batch",
    "Engine",
    "Finding",
    "IgnoreEntry",
    "Judgement",
    "Question",
    "Source",
    "Task",
    "judged",
    "read_ignore_file",
    "sources",
    "tasks_of",
]
