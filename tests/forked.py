"""Programs in processes of their own which find torch imported: forked from one that has done nothing else."""

import atexit
import multiprocessing
import os
import runpy
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from subprocess import CompletedProcess

ROOT = Path(__file__).parent.parent
FORKED = multiprocessing.get_context("forkserver")
FORKED.set_forkserver_preload(["torch"])


def run(module: str, *arguments: str, folder: Path, environment: Mapping[str, str]) -> CompletedProcess[str]:
    """`python -m module arguments` there, but for what torch reads of the environment while it is imported."""
    with tempfile.TemporaryDirectory() as place:
        said = [Path(place) / name for name in ("out", "err")]
        process = FORKED.Process(target=_started, args=(module, arguments, folder, dict(environment), said))
        process.start()
        process.join()
        status = process.exitcode
        assert status is not None
        process.close()
        return CompletedProcess([module, *arguments], status, *(each.read_text(encoding="utf-8") for each in said))


def _started(
    module: str, arguments: tuple[str, ...], folder: Path, environment: dict[str, str], said: list[Path]
) -> None:
    for number, each in enumerate(said, 1):
        sys.stdout.flush()
        os.dup2(os.open(each, os.O_WRONLY | os.O_CREAT), number)
    for name in [name for name in sys.modules if name.split(".")[0] in ("lemmata", "tests", "conftest")]:
        del sys.modules[name]
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:] = [str(folder), *(path for path in sys.path if path not in ("", str(ROOT)))]
    sys.argv[:] = [module, *arguments]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    finally:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
