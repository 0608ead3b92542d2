"""What a benchmark keeps, keys among it, is nothing of the repository."""

import shutil
import subprocess

import pytest
from benchmarks.serving.workplace import workplace


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed, which would tell what it leaves alone")
def test_git_leaves_alone_what_a_benchmark_keeps() -> None:
    with workplace() as folder:
        (folder / "hub-key.json").write_text("{}")
        told = subprocess.run(
            ["git", "check-ignore", "-q", str(folder / "hub-key.json")], cwd=folder, check=False, capture_output=True
        )
        if told.returncode == 128:
            pytest.skip("this is no clone, so git leaves everything alone")
        assert told.returncode == 0
    assert not folder.exists()
