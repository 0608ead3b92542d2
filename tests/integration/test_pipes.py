"""Commands whose output is read in part: ``careloom synth | head``."""

import subprocess
import sys


def test_a_command_whose_reader_has_gone_ends_without_a_complaint() -> None:
    command = [sys.executable, "-m", "careloom", "synth", "--count", "20000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline().startswith(b'{"resourceType":"Patient"')
        process.stdout.close()
        assert (b"", 141) == (process.stderr.read(), process.wait(60))
