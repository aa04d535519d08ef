"""Sources, notifiers, deployers, commands and panels that each fail one check, the one that `fails` names."""

import contextlib
import json
import os
import time

import pyarrow as pa

from lifecycle_tui.api import Batch, CellProblem, DataError, Row, find_fragments, hookimpl


class Fine:
    """JSON lines, with nothing wrong; the others spoil it."""

    name, suffixes, fails = "fine", (".jsonl",), ""

    def __init__(self, location):
        self.location = location

    def fragments(self):
        return find_fragments(self.location, self.suffixes)

    def schema(self):
        return {name: column.type for f in self.fragments() for name, column in self._columns(f).items()}

    def read(self, fragment, columns=None, kinds=None, time=None):
        found = {n: c for n, c in self._columns(fragment).items() if columns is None or n in columns}
        problems = []
        for name in found:
            if (kinds or {}).get(name) == "numeric" and pa.types.is_string(found[name].type):
                found[name], bad = numbers(found[name])
                problems.append(CellProblem(name, "bad-cell", bad, "abc"))
            elif (kinds or {}).get(name) == "categorical":
                found[name] = found[name].cast(pa.string())
        yield Batch(pa.RecordBatch.from_pydict(found), 0, tuple(problems))

    def _columns(self, fragment):
        try:
            with open(fragment.path, encoding="utf-8") as lines:
                rows = [json.loads(line) for line in lines]
        except (OSError, ValueError) as exc:
            raise DataError(f"{fragment.path}: {exc}") from exc
        return {name: pa.array([row[name] for row in rows]) for name in (rows[0] if rows else ())}


def numbers(column):
    """Numbers of text, and how many cells were none."""
    read = []
    for text in column.to_pylist():
        try:
            read.append(float(text))
        except ValueError:
            read.append(None)
    return pa.array(read, pa.float64()), read.count(None)


class Unsorted(Fine):
    """The newest first."""

    name, fails = "unsorted", "several-files"

    def fragments(self):
        return super().fragments()[:1]


class AllColumns(Fine):
    """Reads all columns, whatever is asked for."""

    name, fails = "all_columns", "columns"

    def read(self, fragment, columns=None, kinds=None, time=None):
        yield from super().read(fragment, None, kinds, time)


class Silent(Fine):
    """Makes bad cells null and tells nobody."""

    name, fails = "silent", "spoilt-cells"

    def read(self, *args, **kwargs):
        for batch in super().read(*args, **kwargs):
            yield Batch(batch.data, batch.first_row)


class Timed(Fine):
    """Takes the hint about time too seriously."""

    name, fails = "timed", "time-hint"

    def read(self, fragment, columns=None, kinds=None, time=None):
        if time is None:
            yield from super().read(fragment, columns, kinds, time)


class Nothing(Fine):
    """Finds nothing where there is nothing."""

    name, fails = "nothing", "nothing-there"

    def fragments(self):
        try:
            return super().fragments()
        except DataError:
            return []


class Blames(Fine):
    """Lets a decoder's error out."""

    name, fails = "blames", "rubbish"

    def _columns(self, fragment):
        try:
            return super()._columns(fragment)
        except DataError as exc:
            raise ValueError("bad") from exc


class Tells:
    """Writes subjects to a file."""

    name, fails = "tells", ""

    def __init__(self, *, path: str = "told.txt"):
        self.path = path

    def send(self, message):
        with open(self.path, "a", encoding="utf-8") as out:
            out.write(message.subject)


class Swallows(Tells):
    """Hides that it failed."""

    name, fails = "swallows", "raises"

    def send(self, message):
        with contextlib.suppress(OSError):
            super().send(message)


class FirstAlert(Tells):
    """Counts on an alert."""

    name, fails = "first_alert", "odd-message"

    def send(self, message):
        message.alerts[0]["model"]
        super().send(message)


class Serves:
    """Names the version in a file."""

    name, fails = "serves", ""

    def deploy(self, release):
        if release.artifact is None or not os.path.exists(release.artifact):
            raise ValueError("no artefact")
        with open(os.path.join(release.folder, "serves"), "w") as out:
            out.write(str(release.version))

    def serving(self, folder):
        try:
            with open(os.path.join(folder, "serves")) as said:
                return int(said.read())
        except FileNotFoundError:
            return None


class Diary(Serves):
    """Writes a line each time."""

    name, fails = "diary", "again"

    def deploy(self, release):
        super().deploy(release)
        with open(os.path.join(release.folder, "diary"), "a") as out:
            out.write("deployed\n")


class Hasty(Serves):
    """Switches before it looks."""

    name, fails = "hasty", "failing"

    def deploy(self, release):
        with open(os.path.join(release.folder, "serves"), "w") as out:
            out.write(str(release.version))
        super().deploy(release)


class Recalls(Serves):
    """Knows what it did itself."""

    name, fails, last = "recalls", "another-object", None

    def deploy(self, release):
        super().deploy(release)
        self.last = release.version

    def serving(self, folder):
        return self.last


class Lists:
    """The models' names."""

    name, fails = "lists", ""

    def run(self, view):
        return [{"model": model.name} for model in view.models]


class Newest(Lists):
    """Counts on a window."""

    name, fails = "newest", "new-model"

    def run(self, view):
        return [{"window": model.windows[-1].key} for model in view.models]


class Now(Lists):
    """Asks the wall for the time."""

    name, fails = "now", "same-twice"

    def run(self, view):
        return [{"at": time.time_ns()}]


class Draws:
    """The health."""

    name, fails = "draws", ""

    def draw(self, view):
        return [Row("health", view.health)]


class NoneAtAll(Draws):
    """Returns nothing in the wrong words."""

    name, fails = "none_at_all", "new-model"

    def draw(self, view):
        return super().draw(view) if view.windows else None


class Pollutes(Draws):
    """Empties the signals it has read."""

    name, fails = "pollutes", "view-unchanged"

    def draw(self, view):
        drawn = super().draw(view)
        for window in view.windows:
            window.signals.clear()
        return drawn


@hookimpl
def register_sources(register):
    register(Fine, Unsorted, AllColumns, Silent, Timed, Nothing, Blames)


@hookimpl
def register_notifiers(register):
    register(Tells, Swallows, FirstAlert)


@hookimpl
def register_deployers(register):
    register(Serves, Diary, Hasty, Recalls)


@hookimpl
def register_commands(register):
    register(Lists, Newest, Now)


@hookimpl
def register_panels(register):
    register(Draws, NoneAtAll, Pollutes)


@hookimpl
def on_version(event):
    """Counts on never being told twice."""
    if os.path.exists(str(event.id)):
        raise FileExistsError(event.id)
    open(str(event.id), "w").close()


FAILS = {"others": "told-again"}
