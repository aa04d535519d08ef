"""The hostile plugins in one table: file → kind of its fault, and words that its message holds.

The line is in the file itself: those marked `# blame`. `index` breaks while it is imported, `call` when it is called,
and `rude` answers, but leaves its process worse than it found it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

HOSTILE = Path(__file__).parent / "hostile"
GOOD = Path(__file__).parent / "good"

INDEX = {
    "syntax_error": ("syntax", "expected ':'"),
    "null_bytes": ("syntax", "null bytes"),
    "wrong_encoding": ("syntax", "utf-8"),
    "returns_in_module": ("syntax", "'return' outside function"),
    "tabs_and_spaces": ("syntax", "inconsistent use of tabs"),
    "another_python": ("syntax", "Missing parentheses"),
    "nested_too_deep": ("syntax", "too many nested"),
    "missing_import": ("import", "a_library_that_nobody_has"),
    "circular_import": ("import", "relative import"),
    "imports_the_terminal": ("import", "NoSuchThing"),
    "poisons_modules_at_import": ("import", "None in sys.modules"),
    "spams_at_import": ("import", "and gone"),
    "raises_at_import": ("raised", "RuntimeError: not today"),
    "raises_base_at_import": ("raised", "GeneratorExit: half way"),
    "interrupts_at_import": ("raised", "KeyboardInterrupt"),
    "runs_textual_at_import": ("raised", "drawn over"),
    "patches_inspect_at_import": ("raised", "not callable"),
    "hook_raises": ("raised", "half done"),
    "attribute_raises": ("raised", "no name"),
    "exits_at_import": ("exited", "called exit (0)"),
    "os_exits_at_import": ("exited", "exit code 0"),
    "loops_at_import": ("timeout", "no answer within"),
    "loops_deaf_at_import": ("timeout", "no answer within"),
    "holds_the_gil_at_import": ("timeout", "no answer within"),
    "attribute_hangs": ("timeout", "no answer within"),
    "eats_memory_at_import": ("memory", "memory"),
    "segfaults_at_import": ("died", "SIGSEGV"),
    "aborts_at_import": ("died", "SIGABRT"),
    "killed_at_import": ("died", "SIGKILL"),
    "closes_all_at_import": ("died", "channel"),
    "misspelt_hook": ("unknown-hook", 'did you mean "register_detectors"?'),
    "unmarked_hook": ("unknown-hook", "@hookimpl"),
    "hook_takes_too_much": ("unknown-hook", "one parameter"),
    "async_hook": ("unknown-hook", "asynchronous"),
    "generator_hook": ("unknown-hook", "generator"),
    "registers_nothing": ("empty", "registers nothing"),
    "registers_an_object": ("class", "takes a class, not Hostile"),
    "registers_an_int": ("class", "needs a class attribute `name`"),
    "no_measure": ("class", "no method 'measure' (it has 'mesure')"),
    "has_a_property_for_a_method": ("class", "measure is a property, not a method"),
    "async_measure": ("class", "measure is asynchronous"),
    "wrong_kind": ("class", 'did you mean "numeric"?'),
    "wrong_name": ("class", "wrong name!"),
    "name_with_escapes": ("class", "must be made of letters"),
    "name_with_newline": ("class", "must be made of letters"),
    "name_of_a_megabyte": ("class", "1,000,000 characters"),
    "takes_the_programs_name": ("class", "taken by signals"),
    "default_raises": ("class", "no repr"),
    "dict_option": ("options", "'table' has the type dict[str, int]"),
    "positional_option": ("options", "'bins' must be keyword-only"),
    "any_option": ("options", "**options"),
    "untyped_option": ("options", "'bins' needs an annotation"),
    "wrong_default": ("options", "must be int, not 'ten'"),
    "default_is_infinite": ("options", "must be float, not inf"),
    "default_is_long": ("options", "more than 4,000 characters"),
    "unresolved_option": ("options", "Nowhere"),
    "annotation_runs": ("options", "division by zero"),
    "from_the_future": ("api", "version 99"),
    "registered_twice": ("duplicate", "registered twice"),
    "builtins_name": ("duplicate", "psi.py"),
    "name_taken_b": ("duplicate", "name_taken_a.py"),
}
HARMLESS = ("leaves_children", "prints_at_import", "name_taken_a", "doc_is_no_text")
"""Of `index`: what they do is no fault, or a warning alone."""

CALL = {
    "raises": ("raised", "ValueError: no such luck"),
    "raises_deep": ("raised", "ZeroDivisionError"),
    "raises_in_library": ("raised", "JSONDecodeError"),
    "raises_unprintable": ("raised", "its text cannot be shown"),
    "raises_nameless": ("raised", "Nameless"),
    "raises_interrupt": ("raised", "KeyboardInterrupt"),
    "raises_base_exception": ("raised", "Unheard: of"),
    "raises_generator_exit": ("raised", "GeneratorExit"),
    "raises_stop_iteration": ("raised", "StopIteration"),
    "raises_system_error": ("raised", "SystemError"),
    "raises_assertion": ("raised", "AssertionError"),
    "raises_group": ("raised", "ExceptionGroup"),
    "raises_escapes": ("raised", "owned"),
    "raises_a_megabyte": ("raised", "long long"),
    "raises_a_surrogate": ("raised", "\\ud800"),
    "raises_endless_cause": ("raised", "first"),
    "constructor_raises": ("raised", "no model file"),
    "recurses": ("raised", "RecursionError"),
    "limits_itself": ("raised", "Too many open files"),
    "patches_and_dies": ("raised", "not callable"),
    "returns_raising_float": ("raised", "no number"),
    "returns_raising_repr": ("raised", "no repr"),
    "returns_raising_measurement": ("raised", "no "),
    "returns_text_of_its_own": ("raised", "no length"),
    "exits": ("exited", "called exit (0)"),
    "os_exits": ("exited", "exit code 0"),
    "loops": ("timeout", "no answer within"),
    "loops_natively": ("timeout", "no answer within"),
    "holds_the_gil": ("timeout", "no answer within"),
    "ignores_signals": ("timeout", "no answer within"),
    "takes_the_handlers": ("timeout", "no answer within"),
    "raises_hanging_text": ("timeout", "no answer within"),
    "returns_hanging_float": ("timeout", "no answer within"),
    "runs_textual": ("timeout", "no answer within"),
    "eats_memory": ("memory", "memory"),
    "eats_shared_memory": ("memory", "400 MiB"),
    "raises_memory_error": ("memory", "memory"),
    "segfaults": ("died", "SIGSEGV"),
    "null_pointer": ("died", "SIGSEGV"),
    "aborts": ("died", "SIGABRT"),
    "killed": ("died", "SIGKILL"),
    "kills_its_guardian": ("died", "SIGKILL"),
    "kills_its_group": ("died", "SIGKILL"),
    "overflows_the_stack": ("died", "SIGSEGV"),
    "closes_everything": ("died", "closed the channel"),
    "writes_garbage": ("died", "wrote to the channel"),
    "returns_nan": ("result", "the result is NaN"),
    "returns_infinity": ("result", "the result is infinite"),
    "returns_bool": ("result", "not bool"),
    "returns_text": ("result", "not str"),
    "returns_a_huge_text": ("result", "not str"),
    "returns_a_million_rows": ("result", "not list"),
    "returns_a_table": ("result", "not Table"),
    "returns_an_array": ("result", "not ndarray"),
    "returns_its_class": ("result", "not type"),
    "returns_a_generator": ("result", "not generator"),
    "returns_a_coroutine": ("result", "not coroutine"),
    "returns_a_complex": ("result", "not complex"),
    "returns_wrong_p": ("result", "p_value must be between 0 and 1"),
    "returns_upside_down": ("result", "upside down"),
    "returns_wrong_n": ("result", "n must be a count"),
    "returns_odd_detail": ("result", "JSON values only"),
    "returns_endless_detail": ("result", "JSON values only"),
    "returns_deep_detail": ("result", "JSON values only"),
    "returns_nan_detail": ("result", "JSON values only"),
    "returns_huge_detail": ("result", "65,536 are allowed"),
}
HANGS = (*(name for name, (code, _) in (INDEX | CALL).items() if code == "timeout"), "sleeps_when_collected")
"""Those that a limit has to end, the last one in a call that comes after its own; a test gives all others so much time
that no machine is too slow for them."""
SPEAKS = ("raises_data_error",)
"""Of `call`: raises what is meant for the person, which is no fault of the plugin's."""

QUICK_INDEX = ("syntax_error", "missing_import", "os_exits_at_import", "misspelt_hook", "from_the_future", "async_hook")
QUICK_CALL = ("raises", "os_exits", "segfaults", "writes_garbage", "returns_nan", "returns_a_million_rows")
QUICK_RUDE = ("patches_numbers", "forks_and_returns")
"""Those that every run of the tests goes through; the others are slow."""


@dataclass(frozen=True)
class Hostile:
    """One hostile file."""

    folder: str
    name: str

    @property
    def path(self) -> Path:
        """`.txt` where no tool could read it as Python."""
        return next(p for p in (HOSTILE / self.folder).iterdir() if p.stem == self.name and p.suffix in (".py", ".txt"))

    @property
    def blamed(self) -> frozenset[int]:
        """The lines marked `# blame`; the class statement, or the first line, where nobody can know better."""
        lines = self.path.read_text("utf-8", "replace").splitlines()
        marked = [n for n, line in enumerate(lines, 1) if "# blame" in line]
        classes = [n for n, line in enumerate(lines, 1) if line.startswith("class Hostile")]
        return frozenset(marked or [1, *classes])


def files(folder: str) -> list[str]:
    """Names of the files in a folder, sorted."""
    return sorted(p.stem for p in (HOSTILE / folder).iterdir() if p.suffix in (".py", ".txt"))
