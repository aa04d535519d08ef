"""The connection to a Dask cluster: submit functions, wait with progress and cancel, and say in words what went wrong.

`distributed` (extra `[dask]`) is imported here alone, inside functions. A lost worker's tasks are run again by the
scheduler; a lost scheduler ends the job with an error that names its address.
"""

from __future__ import annotations

import importlib
import sys
import threading
import uuid
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

import lifecycle_tui
from lifecycle_tui.agent.engine import onworker
from lifecycle_tui.domain.errors import LifecycleError

Future: TypeAlias = Any
"""What a task will give: a `distributed.Future`; the package is an extra, and gives few types."""

CONNECT = 10.0
"""Seconds within which the scheduler must answer."""

LOOK = 0.1
"""Seconds between two looks at whether the job is to stop."""

RETRIES = 2
"""How often a task is tried again that failed with an error of the machine's (a file system that hiccups)."""


class ClusterError(LifecycleError):
    """The cluster cannot be used, or failed."""


class Cluster:
    """A connection, open for the length of a job.

    Args:
        address: of the scheduler, as the file has it.

    Raises:
        ClusterError: `distributed` is missing, nobody answers, there is no worker, or the workers run something else.
    """

    def __init__(self, address: str, connect: float = CONNECT) -> None:
        self.address = address
        self._client: Any = _connected(address, connect)
        self._held: dict[str, Future] = {}
        try:
            self.threads = self._examined(connect)
        except BaseException:
            self.close()
            raise

    def _examined(self, connect: float) -> int:
        """Threads of all workers, once they are known to run the same program."""
        try:
            self._client.wait_for_workers(1, timeout=connect)
        except TimeoutError:
            raise ClusterError(
                f"the Dask cluster at {self.address} has no worker", hint=f"start one: dask worker {self.address}"
            ) from None
        found = self._client.get_versions(check=False, packages=["lifecycle_tui", "pyarrow"])
        for worker, told in found["workers"].items():
            if problem := mismatch(told):
                raise ClusterError(f"the Dask worker at {worker} cannot work for this workspace: {problem[0]}",
                                   hint=problem[1])  # fmt: skip
        return max(1, sum(int(n) for n in self._client.nthreads().values()))

    def other_learners(self) -> str:
        """Why no version may be fitted there: a worker has another release of a library that artefacts depend on than
        this machine, which opens them; "" if none has."""
        here = onworker.learners()
        try:
            found: dict[str, dict[str, str]] = self._client.run(_by_name(onworker.learners))
        except Exception as exc:
            raise self._lost(exc) from exc
        for worker, told in found.items():
            for package, release in here.items():
                if told.get(package) != release:
                    return f"the Dask worker at {worker} has {package} {told.get(package)}, the workspace {release}"
        return ""

    def submit(self, function: Callable[..., Any], *args: Any) -> Future:
        """Have a function of `onworker` run on a worker; futures among the arguments are replaced by what they give.

        Arguments are plain values: the scheduler unpacks them, and need not have this program.
        """
        key = f"lifecycle-{function.__name__}-{uuid.uuid4().hex}"
        try:
            future = self._client.submit(_by_name(function), *args, key=key, retries=RETRIES, pure=False)
        except Exception as exc:
            raise self._lost(exc) from exc
        self._held[key] = future
        return future

    def wait(self, futures: Sequence[Future], tick: Callable[[int], None]) -> None:
        """Until all are done.

        Args:
            tick: is told how many are, a few times a second; it raises where the job is to stop.

        Raises:
            LifecycleError: one has failed, or the scheduler is lost.
        """
        over, left, lock = threading.Event(), len(futures), threading.Lock()

        def told(future: Future) -> None:
            nonlocal left
            with lock:
                left -= 1
                if left == 0 or future.status != "finished":
                    over.set()

        for future in futures:
            future.add_done_callback(told)
        while True:
            done = self.done(futures)
            tick(done)
            if done == len(futures):
                return
            if over.wait(LOOK):  # a callback may come before the status that it is about
                over.clear()

    def done(self, futures: Iterable[Future]) -> int:
        """How many have come to a good end; looks whether one has not."""
        finished = 0
        for future in futures:
            if future.status == "finished":
                finished += 1
            elif future.status == "error":
                raise self._said(future.exception())
            elif future.status != "pending":
                raise self._lost(None)
        comm = self._client.scheduler_comm
        if self._client.status != "running" or comm is None or comm.comm.closed():
            raise self._lost(None)
        return finished

    def result(self, future: Future, tick: Callable[[int], None]) -> Any:
        """What a future gives; `tick` as in `wait`."""
        self.wait([future], tick)
        try:
            return future.result(timeout=60)
        except LifecycleError:
            raise
        except Exception as exc:
            raise self._lost(exc) from exc

    def drop(self, futures: Iterable[Future]) -> None:
        """Have the cluster forget these, running or done."""
        for future in futures:
            self._held.pop(future.key, None)
            future.release()

    def cancel(self) -> None:
        """Call off everything that was submitted; what runs at this moment runs to its end, and nobody hears of it."""
        held, self._held = list(self._held.values()), {}
        if held and self._client.status == "running":
            try:
                self._client.cancel(held, force=True)
            except Exception:  # the scheduler is gone: there is nobody to call off
                return

    def close(self) -> None:
        """Call off what is left and hang up."""
        self.cancel()
        try:
            self._client.close(timeout=2)
        except Exception:  # a connection that is lost closes itself
            return

    def _said(self, exc: BaseException | None) -> LifecycleError:
        """An error of a task in words."""
        if isinstance(exc, LifecycleError):
            return exc
        name = type(exc).__name__
        if name == "KilledWorker":
            return ClusterError(
                f"workers of the Dask cluster at {self.address} died again and again while they read the same share",
                hint="look into the workers' logs; they may have too little memory",
            )
        if isinstance(exc, ModuleNotFoundError) and (exc.name or "").startswith("lifecycle_tui"):
            return ClusterError(f"a worker of the Dask cluster at {self.address} lacks lifecycle-tui", hint=_install())
        return ClusterError(f"a worker of the Dask cluster at {self.address} failed: {name}: {exc}")

    def _lost(self, exc: BaseException | None) -> ClusterError:
        why = f": {exc}" if exc is not None and str(exc) else ""
        return ClusterError(
            f"the Dask scheduler at {self.address} is gone{why}",
            hint="nothing is half-written: the next evaluation goes on once it is back, or set engine = \"local\"",
        )  # fmt: skip


def _connected(address: str, connect: float) -> Any:
    try:
        client: Any = importlib.import_module("distributed").Client
    except ModuleNotFoundError as exc:
        raise ClusterError(
            'engine = { dask = "…" } needs the package distributed', hint="pip install 'lifecycle-tui[dask]'"
        ) from exc
    try:
        return client(address, timeout=connect, set_as_default=False, name="lifecycle")
    except Exception as exc:  # whatever the network or the address raises
        why = str(exc) or type(exc).__name__
        raise ClusterError(
            f"the Dask scheduler at {address} cannot be reached: {why}",
            hint='start it, or correct [workspace] engine; engine = "local" works here',
        ) from exc


def _by_name(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that finds this one where it runs. It is sent as its code, not as a name to import: the scheduler,
    which unpacks what it passes on, has to know nothing of this program."""
    module, name = function.__module__, function.__name__

    def run(*args: Any) -> Any:
        import importlib

        return getattr(importlib.import_module(module), name)(*args)

    return run


def mismatch(told: dict[str, Any] | None) -> tuple[str, str] | None:
    """Why a worker cannot work for this program, and what to do; None if it can.

    Args:
        told: what the worker says of its versions, as `Client.get_versions` has it; None: it has not answered.
    """
    if not told:
        return "it does not answer", "look whether it is still alive"
    python = ".".join(str(told["host"]["python"]).split(".")[:2])
    here = ".".join(str(part) for part in sys.version_info[:2])
    if python != here:
        return f"it runs Python {python}, the workspace {here}", f"run the workers with Python {here}"
    packages = told["packages"]
    version = packages.get("lifecycle_tui")
    if version is None:
        return "lifecycle-tui is not installed there", _install()
    if version != lifecycle_tui.__version__:
        return f"it has lifecycle-tui {version}, the workspace {lifecycle_tui.__version__}", _install()
    if packages.get("pyarrow") is None:
        return "pyarrow is not installed there", _install()
    return None


def _install() -> str:
    return f"install it on the workers: pip install 'lifecycle-tui=={lifecycle_tui.__version__}'"
