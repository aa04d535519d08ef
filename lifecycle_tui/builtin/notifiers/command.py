"""The notifier `command`: a program of the team's own, given the message as JSON on its standard input."""

from __future__ import annotations

from lifecycle_tui import api

TAIL = 500
"""Characters of the program's standard error that go into the reason."""


class Command:
    """Runs a program (no shell); it reads {"subject", "body", "alerts"} as JSON and exits 0 if it has delivered.

    Args:
        argv: the program and its arguments, as a list of words; no shell reads them.
        timeout: seconds after which it is stopped, and the message has failed.
    """

    name = "command"

    def __init__(self, *, argv: tuple[str, ...], timeout: float = 30.0) -> None:
        if isinstance(argv, str) or not argv or not all(isinstance(word, str) for word in argv):
            raise ValueError('argv is a list of words, e.g. ["python", "page.py"]')
        if not timeout > 0:
            raise ValueError("timeout is a number of seconds above 0")
        self.argv = tuple(argv)
        self.timeout = timeout

    def send(self, message: api.Message) -> None:
        """Run it and wait.

        Raises:
            RuntimeError: if it cannot be started, takes longer than `timeout` seconds, or ends with another code than 0
        """
        import json
        import subprocess
        import tempfile

        payload = {"subject": message.subject, "body": message.body, "alerts": [dict(item) for item in message.alerts]}
        data = json.dumps(payload, default=str, ensure_ascii=False).encode()
        program = self.argv[0]
        # A file, not a pipe: a program that floods its standard error fills a disk block, not our memory's limit.
        with tempfile.TemporaryFile() as errors:
            try:
                process = subprocess.Popen(
                    self.argv,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=errors,
                    start_new_session=True,
                )
            except OSError as error:
                raise RuntimeError(f"{program} cannot be started: {error.strerror or error}") from None
            try:
                process.communicate(data, timeout=self.timeout)
            except subprocess.TimeoutExpired:
                self._stop(process.pid)
                process.wait()
                raise RuntimeError(f"{program} took longer than {self.timeout:g} s and was stopped") from None
            except BaseException:
                self._stop(process.pid)
                process.wait()
                raise
            if process.returncode:
                size = errors.seek(0, 2)
                errors.seek(max(0, size - 4 * TAIL))
                tail = " ".join(errors.read().decode(errors="replace").split())[-TAIL:]
                how = f"code {process.returncode}" if process.returncode > 0 else f"signal {-process.returncode}"
                raise RuntimeError(f"{program} ended with {how}" + (f": {tail}" if tail else ""))

    def _stop(self, pid: int) -> None:
        """End the program and what it started: it leads a session of its own."""
        import os
        import signal

        try:
            os.killpg(pid, signal.SIGKILL)
        except ProcessLookupError:
            return


@api.hookimpl
def register_notifiers(register: api.Register) -> None:
    register(Command)
