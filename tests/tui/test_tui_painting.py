"""What is written to the terminal, read back by an emulator: it shows what was wanted, whatever came before."""

from __future__ import annotations

import itertools
import time

import pyte
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip
from tui_screen import SMALL, app_on, until

from lifecycle_tui.state.database import State
from lifecycle_tui.tui.terminal.answers import Answers, Verdict
from lifecycle_tui.tui.terminal.pacing import GIVE_UP, SLOW, Pace
from lifecycle_tui.tui.terminal.painting import Painting
from lifecycle_tui.tui.terminal.pens import change
from lifecycle_tui.tui.terminal.rows import CONTROL, cells

WIDE, HIGH = 24, 4
STYLES = [
    Style(), Style(bold=True), Style(color="red"), Style(reverse=True, color="cyan"), Style(underline=True, bold=True),
    Style(bold=True, reverse=True, color="red"), Style(bgcolor="blue", italic=True), Style(color="#102030", bold=True),
    Style(color="color(200)", bgcolor="bright_red"),
]  # fmt: skip
TEXTS = st.text(st.sampled_from("ab  ─█⣿é世界\u0301✗▲"), max_size=5) | st.just(" " * 13)


class Screen:
    """An emulator, and what is wanted of it."""

    def __init__(self, columns: int = WIDE, lines: int = HIGH) -> None:
        self.screen = pyte.Screen(columns, lines)
        self.stream = pyte.Stream(self.screen)
        self.stream.feed("\x1b[?7l")  # as Textual has it: a full line does not wrap
        self.painting = Painting()
        self.size = (columns, lines)
        self.written = 0

    def paint(self, update: LayoutUpdate | ChopsUpdate) -> None:
        self.painting.take(update, self.size, ColorSystem.TRUECOLOR)

    def send(self, cursor: tuple[int, int] = (0, 0)) -> str:
        text = self.painting.sequence(cursor)
        self.written += len(text)
        self.stream.feed(text)
        return text

    def wanted(self) -> list[list[tuple]]:
        """The same picture, written at once by a painting of its own onto a fresh emulator."""
        fresh = Screen(*self.size)
        fresh.painting._size = self.size
        fresh.painting._wanted = [list(row) for row in self.painting._wanted]
        fresh.send()
        return fresh.shown()

    def shown(self) -> list[list[tuple]]:
        columns, lines = self.size
        return [[tuple(self.screen.buffer[y][x]) for x in range(columns)] for y in range(lines)]


def strip(parts: list[tuple[str, int]], width: int) -> Strip:
    made = Strip([Segment(text, STYLES[look]) for text, look in parts if text])
    return made.adjust_cell_length(width, STYLES[0])


def whole(rows: list[list[tuple[str, int]]], columns: int = WIDE) -> LayoutUpdate:
    return LayoutUpdate([[strip(row, columns)] for row in rows], Region(0, 0, columns, len(rows)))


ROW = st.lists(st.tuples(TEXTS, st.integers(0, 8)), max_size=4)


@settings(max_examples=150)
@given(
    st.lists(
        st.tuples(st.lists(ROW, min_size=HIGH, max_size=HIGH), st.booleans(), st.integers(0, 20)),
        min_size=1,
        max_size=5,
    )
)
def test_the_terminal_shows_what_is_wanted(frames: list) -> None:
    screen = Screen()
    for rows, sent, forget in frames:
        screen.paint(whole(rows))
        if forget == 0:
            screen.painting.forget()
        if sent:
            screen.send()
    screen.send()
    assert screen.shown() == screen.wanted()
    assert screen.send() == ""


@settings(max_examples=100)
@given(st.lists(ROW, min_size=HIGH, max_size=HIGH), ROW, st.integers(0, HIGH - 1), st.integers(0, 6), st.integers(1, 6))
def test_parts_of_lines(rows: list, row: list, y: int, x: int, width: int) -> None:
    screen = Screen()
    screen.paint(whole(rows))
    screen.send()
    chops = [{} for _ in range(HIGH)]
    chops[y] = {x: strip(row, width)}
    ends = [[] for _ in range(HIGH)]
    ends[y] = [x + width]
    screen.paint(ChopsUpdate(chops, [(y, x, x + width)], ends))
    screen.send()
    assert screen.shown() == screen.wanted()


def test_a_part_that_is_only_partly_due_is_cut() -> None:
    screen = Screen()
    screen.paint(whole([[("a" * WIDE, 0)]] * HIGH))
    screen.send()
    screen.paint(ChopsUpdate([{0: strip([("b" * WIDE, 0)], WIDE)}, {}, {}, {}], [(0, 3, 5)], [[WIDE], [], [], []]))
    screen.send()
    assert screen.screen.display[0] == "aaabbaaaaaaa" + "a" * 12


def test_one_changed_cell_is_a_few_bytes_and_nothing_changed_is_none() -> None:
    screen = Screen(80, 24)
    rows = [[(f"line {n} of a screen that is full", n % 5)] for n in range(24)]
    screen.paint(whole(rows, 80))
    first = screen.send()
    assert len(first) < 1500
    rows[7] = [("lime 7 of a screen that is full", 2)]
    screen.paint(whole(rows, 80))
    assert len(screen.send()) < 30
    screen.paint(whole(rows, 80))
    assert screen.send() == ""
    assert screen.send((3, 4)) == "\x1b[5;4H"


def test_a_long_gap_is_erased_and_jumped_over() -> None:
    screen = Screen(80, 1)
    screen.paint(whole([[("x" * 80, 3)]], 80))
    screen.send()
    screen.paint(whole([[("left", 1), (" " * 60, 0), ("right", 2)]], 80))
    assert len(screen.send()) < 60
    assert screen.shown() == screen.wanted()


def test_another_size_is_written_anew() -> None:
    screen = Screen()
    screen.paint(whole([[("abc", 1)]] * HIGH))
    screen.send()
    screen.screen.resize(HIGH + 2, WIDE + 3)
    screen.size = (WIDE + 3, HIGH + 2)
    screen.paint(whole([[("abc", 1)]] * (HIGH + 2), WIDE + 3))
    screen.send()
    assert screen.shown() == screen.wanted()


@pytest.mark.parametrize(
    "hostile", ["\x1b[2J", "a\x07b", "\x9b31m", "\r\n", "\x00", "\x1b]52;c;eA==\x07", "a\u202eb", "\u2066"]
)
def test_no_control_character_comes_through(hostile: str) -> None:
    found = cells([Strip([Segment(hostile)])], ColorSystem.STANDARD)
    assert all(text.isprintable() or text == CONTROL for text, _ in found)
    assert any(text == CONTROL for text, _ in found)


def test_without_colours_attributes_stay() -> None:
    found = cells([Strip([Segment("x", Style(color="red", bold=True)), Segment("y", Style(color="red"))])], None)
    assert found == [("x", "1"), ("y", "")]


@pytest.mark.parametrize(
    ("pen", "look", "order"),
    [
        ("", "1;31", "\x1b[1;31m"), ("1;31", "", "\x1b[0m"), ("1;7", "1;7;33", "\x1b[33m"),
        ("1;7;33", "1;7", "\x1b[39m"), ("1", "2", "\x1b[0;2m"), ("1;2", "1", "\x1b[0;1m"),
        ("31", "32", "\x1b[32m"), ("38;2;1;2;3", "38;2;1;2;3;1", "\x1b[1m"), ("1;41", "1", "\x1b[49m"),
        ("53", "1", "\x1b[0;1m"),
    ],
)  # fmt: skip
def test_the_shortest_order_from_style_to_style(pen: str, look: str, order: str) -> None:
    assert change(pen, look) == order


# ── pace ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_terminal_that_never_answers_is_never_waited_for() -> None:
    pace = Pace()
    for n in range(100):
        assert pace.may_write(n / 100) and not pace.wrote(n / 100)


def test_a_fast_line_never_waits_and_is_seldom_asked() -> None:
    pace, asked = Pace(), 0
    pace.answered(0.0)
    for n in range(300):
        now = 1 + n / 100
        assert pace.may_write(now)
        if pace.wrote(now):
            asked += 1
            pace.answered(now + 0.001)
    assert asked == 3 and not pace.slow


def test_a_slow_line_has_one_frame_on_its_way() -> None:
    """Keys 30 times a second, answers after 150 ms: each frame waits for the answer to the one before."""
    pace, answer, written = Pace(), None, []
    pace.answered(0.0)
    for n in range(900):
        now = 1 + n / 300
        if answer is not None and now >= answer:
            pace.answered(now)
            answer = None
        if n % 10 == 0 and pace.may_write(now):
            written.append(now)
            if pace.wrote(now):
                answer = now + 0.15
    assert pace.slow
    later = written[5:]
    assert min(b - a for a, b in itertools.pairwise(later)) >= 0.15
    assert len(written) < 30


def test_an_answer_that_never_comes_holds_a_frame_for_a_second_and_then_no_more() -> None:
    pace = Pace()
    pace.answered(0.0)
    assert pace.may_write(1.0) and pace.wrote(1.0)
    assert pace.may_write(1.0 + SLOW / 2) and not pace.may_write(1.0 + SLOW)
    assert 0 < pace.again(1.5) <= GIVE_UP
    assert pace.may_write(1.0 + GIVE_UP)


def test_a_line_that_becomes_fast_is_taken_for_one() -> None:
    pace = Pace()
    pace.answered(0.0)
    pace.wrote(1.0)
    pace.answered(1.2)
    assert pace.slow
    for n in range(3):
        assert pace.wrote(2.0 + n)
        pace.answered(2.0 + n + 0.01)
    assert not pace.slow


# ── answers in pieces ─────────────────────────────────────────────────────────────────────────────────────────────────


def told(text: str, due: bool = True) -> list[Verdict]:
    answers = Answers()
    return [answers.key("escape" if c == "\x1b" else c, c, due) for c in text]


def test_an_answer_in_pieces_is_no_key() -> None:
    assert told("\x1b[?2026;2$y") == [Verdict.WAIT, *[Verdict.PIECE] * 9, Verdict.END]
    assert told("\x1b[?2026;2$yy")[-1] is Verdict.KEY, "a yes of somebody's own"


def test_an_escape_is_a_key_where_no_answer_is_due_and_before_any_other() -> None:
    assert told("\x1b[?2026;2$y", due=False) == [Verdict.KEY] * 11
    assert told("\x1bj") == [Verdict.WAIT, Verdict.KEY]
    assert told("\x1b[x") == [Verdict.WAIT, Verdict.PIECE, Verdict.KEY]
    assert told("\x1b\x1b") == [Verdict.WAIT, Verdict.KEY]
    assert told("y[?2026") == [Verdict.KEY] * 7


async def test_the_app_swallows_it_and_keeps_escapes(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        app = pilot.app
        app._pace.answered(0.0)
        await pilot.press("t")
        await pilot.pause()
        assert type(app.screen).__name__ == "ActScreen"
        app._pace.wrote(time.monotonic())
        named = ("escape", "left_square_bracket", "question_mark", *"2026", "semicolon", "2", "dollar_sign", "y")
        for key, character in zip(named, "\x1b[?2026;2$y", strict=True):
            app.post_message(events.Key(key, character))
        await pilot.pause()
        assert type(app.screen).__name__ == "ActScreen", "neither left nor confirmed"
        assert not app._pace.due, "and it was an answer"
        app._pace.wrote(time.monotonic())
        app.simulate_key("escape")
        await until(pilot, lambda: type(app.screen).__name__ == "FleetScreen", "an Esc is one")
