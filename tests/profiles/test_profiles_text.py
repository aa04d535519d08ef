"""Characters and tokens of text columns: counted as plain Python counts them, merged exactly, tested by document."""

import re
import string
from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as hs

from lifecycle_tui.profiles import text as module
from lifecycle_tui.profiles.categorical import label_hash
from lifecycle_tui.profiles.codec import dump, dump_grid, load, load_grid
from lifecycle_tui.profiles.numeric import NumericProfile
from lifecycle_tui.profiles.pending import Pending, added
from lifecycle_tui.profiles.profiler import Profiler
from lifecycle_tui.profiles.rest import rest
from lifecycle_tui.profiles.text import CLASSES, LONGEST_TOKEN, SHARE_CELLS, TextCounter, TextCounts, bounded
from lifecycle_tui.profiles.text_tests import characters, tokens
from lifecycle_tui.profiles.wire import decode, encode

ODD = (
    "",
    " ",
    "naïve ÉTÉ",
    "Ελλάδα ΕΛΛΆΔΑ",
    "日本。東京",
    "🙂 ok🙂",
    "a\nb\tb",
    "“quoted” don’t – ok",
    "x" * 70 + " y",
    "\x00\x1b[31m",
    "A1 a1 A1!",
)
document = hs.one_of(hs.none(), hs.text(max_size=30), hs.sampled_from(ODD), hs.text("ab AB1.é—", max_size=20))
documents = hs.lists(document, max_size=25)


def counted(values, kind=None):
    counter = TextCounter()
    counter.update(pa.array(values, kind or pa.string()))
    return counter.result()


def profile(values, grid=None):
    profiler = Profiler("text", grid)
    profiler.update(pa.array(values, pa.string()))
    return profiler.result()


def class_of(c):
    if ord(c) >= 128:
        return "non-ASCII"
    for name, members in (
        ("lowercase", string.ascii_lowercase),
        ("uppercase", string.ascii_uppercase),
        ("digits", string.digits),
        ("spaces", " \t\n\r\v\f"),
        ("punctuation", string.punctuation),
    ):
        if c in members:
            return name
    return "control"


def words(text):
    """Runs of ASCII letters and digits and of what lies beyond ASCII, but for the punctuation blocks there."""
    lowered = "".join(c.lower() if c.isascii() else pa.compute.utf8_lower(c).as_py() for c in text)
    found = re.findall(r"[a-z0-9À-\u1fff\u2080-\u2fff\u3040-\U0010ffff]+", lowered)
    return {w for w in found if len(w.encode()) <= LONGEST_TOKEN}


@settings(max_examples=80, deadline=None)
@given(documents)
@example(list(ODD))
@example([None, "", None])
def test_counts_are_those_of_plain_python(values):
    import pyarrow.compute  # noqa: F401

    found = counted(values)
    there = [v for v in values if v is not None]
    assert found.documents == len(there)
    mix = Counter(class_of(c) for v in there for c in v)
    assert found.characters.tolist() == [mix[name] for name in CLASSES]
    assert dict(found.tokens) == dict(sorted(Counter(w for v in there for w in words(v)).items()))
    shares = np.zeros((len(CLASSES), SHARE_CELLS), dtype=int)
    for v in there:
        for i, name in enumerate(CLASSES):
            k = sum(class_of(c) == name for c in v)
            cell = 0 if not k else SHARE_CELLS - 1 if k == len(v) else 1 + k * (SHARE_CELLS - 2) // len(v)
            shares[i, cell] += 1
    assert found.shares.tolist() == shares.tolist()


@settings(max_examples=30, deadline=None)
@given(documents, hs.integers(0, 25), hs.randoms())
def test_any_split_order_and_type_gives_the_same(values, cut, random):
    whole = counted(values)
    parts = [values[:cut], values[cut:]]
    random.shuffle(parts)
    assert counted(parts[0]) + counted(parts[1]) == whole
    shuffled = list(values)
    random.shuffle(shuffled)
    assert counted(shuffled) == whole
    for kind in (pa.large_string(), pa.dictionary(pa.int32(), pa.string())):
        counter = TextCounter()
        array = pa.array(values, pa.string())
        array = array.dictionary_encode() if pa.types.is_dictionary(kind) else array.cast(kind)
        counter.update(pa.chunked_array([array.slice(0, cut), array.slice(cut)], array.type))
        assert counter.result() == whole


@settings(max_examples=30, deadline=None)
@given(documents, documents)
def test_taking_a_part_out_undoes_adding_it(first, second):
    a, b = counted(first), counted(second)
    assert (a + b).without(b) == a
    one = profile([*first, *second])
    part = profile(second, one.grid)
    assert rest(one, part).text == a


def test_what_is_not_there_cannot_be_taken_out():
    a = counted(["one two"])
    for other in (counted(["three"]), counted(["one two", "one"]), counted(["one TWO"])):
        with pytest.raises(ValueError, match="texts that the whole does not have"):
            a.without(other)


def test_documents_larger_than_a_block_and_many_blocks(monkeypatch):
    values = ["ab cd " * 50, "x", "", "ef gh" * 9, "é à É"] * 7
    whole = counted(values)
    monkeypatch.setattr(module, "_BLOCK", 16)
    assert counted(values) == whole


def test_more_tokens_than_are_counted(monkeypatch):
    monkeypatch.setattr(module, "MOST_TOKENS", 20)
    values = [f"t{i} t{i + 1}" for i in range(400)]
    whole = counted(values)
    kept = sorted({f"t{i}" for i in range(401)}, key=label_hash)
    assert set(whole.tokens) == set(kept[:20]) and whole.horizon == label_hash(kept[20])
    merged = TextCounts.empty()
    for i in np.random.default_rng(0).permutation(40).tolist():
        merged = merged + counted(values[10 * i : 10 * i + 10])
    assert merged == whole
    sides = profile(values), profile(values[:100])
    assert sides[0].text == whole
    found = tokens(*sides)
    assert 0 < found.detail["tokens_seen"] < 0.2
    assert found.value is not None


def test_bytes_that_are_no_text():
    counter = TextCounter()
    counter.update(pa.array([b"ab \xff\xfe", None, b""], pa.binary()))
    found = counter.result()
    assert (found.documents, dict(found.tokens)) == (2, {"ab": 1, "\ufffd\ufffd": 1})


def test_profiles_with_texts_are_stored_sent_and_merged_exactly():
    values = [*ODD, None, "plain words here", "plain words there"]
    one = profile(values)
    assert load(dump(one), load_grid(dump_grid(one.grid))) == one
    assert decode(encode(one)) == one
    assert dump(one) == dump(profile(values[::-1], one.grid))
    halves = profile(values[:5], one.grid), profile(values[5:], one.grid)
    assert (halves[0] + halves[1]).text == one.text
    assert one.compact().text == one.text
    assert one != NumericProfile.of(one.grid, one.values, one.rows, kind="text")


def test_profiles_stored_before_texts_were_counted_still_load():
    old = NumericProfile.of(profile(["a", "bb"]).grid, np.array([1, 2]), 2, kind="text")
    assert dump(old)[3:4] == b"N" and dump(profile(["a", "bb"]))[3:4] == b"T"
    loaded = load(dump(old), old.grid)
    assert loaded.text is None and loaded == old
    assert (loaded + profile(["a"], old.grid)).text is None
    assert rest(profile(["a", "bb"], old.grid), loaded).text is None


def test_shares_of_a_reference_read_elsewhere():
    values = ["one two", "two", None, "three Ü"]
    parts = []
    for piece in (values[:1], values[1:]):
        profiler = Profiler("text")
        profiler.update(pa.array(piece, pa.string()))
        parts.append(Pending.of(profiler))
    assert added(parts).profile() == profile(values)


def test_text_is_counted_in_the_second_pass_of_a_large_reference(monkeypatch):
    monkeypatch.setattr("lifecycle_tui.profiles.profiler.MOST_KEPT", 4)
    values = ["a" * (i % 70_000 + 1) for i in (1, 5, 69_000, 3, 2, 9)]
    profiler = Profiler("text")
    profiler.update(pa.array(values))
    again = profiler.second_pass()
    if again is not None:
        again.update(pa.array(values))
        profiler = again
    assert profiler.result().text == counted(values)


def test_texts_are_not_counted_where_nobody_asks():
    profiler = Profiler("text", text=False)
    profiler.update(pa.array(["a b"]))
    assert profiler.result().text is None
    assert Profiler("numeric").text is None


# ---- detectors


def test_a_new_kind_of_character_is_found_and_named():
    random = np.random.default_rng(1)
    plain = ["hello world " * int(k) for k in random.integers(1, 9, 600)]
    shouting = [v.upper() if i % 3 == 0 else v for i, v in enumerate(plain[:200])]
    found = characters(before := profile(plain), profile(shouting, before.grid))
    assert found.detail["class"] in ("uppercase", "lowercase")
    assert found.value == found.effect == pytest.approx(1 / 3, abs=0.01)
    assert found.p_value < 1e-20
    assert found.detail["window"]["uppercase"] > 0.2 and found.detail["reference"]["uppercase"] == 0
    assert sum(found.detail["window"].values()) == pytest.approx(1)


def test_a_new_word_is_found_and_named():
    plain = [f"order {i % 40} shipped to {'north' if i % 2 else 'south'}" for i in range(900)]
    broken = [f"{v} Timeout" if i % 20 == 0 else v for i, v in enumerate(plain[:400])]
    before = profile(plain)
    found = tokens(before, profile(broken, before.grid))
    assert found.detail["top"][0]["token"] == "timeout"
    assert found.value == found.effect == pytest.approx(0.05)
    assert found.detail["new"] == 1 and found.p_value < 1e-8
    same = tokens(before, profile(plain, before.grid))
    assert (same.value, same.p_value) == (0.0, 1.0)


@pytest.mark.parametrize("measure", [characters, tokens])
def test_edges(measure):
    before = profile(["a b", "c"])
    for window, says in (([], "the window has no rows"), ([None], "the window has no values")):
        found = measure(before, profile(window, before.grid))
        assert (found.value, found.message) == (None, says)
    assert measure(profile([]), profile(["a"])).message == "the reference has no rows"
    one = measure(one := profile(["a"]), profile(["b"], one.grid))
    assert one.value is not None and one.p_value == 1.0
    none = measure(empty := profile(["", ""]), profile([""], empty.grid))
    assert (none.value, none.p_value, none.effect) == (0.0, 1.0, 0.0)
    uncounted = NumericProfile.of(before.grid, np.array([1]), 1, kind="text")
    assert "the window were not counted" in measure(before, uncounted).message
    assert "the reference were not counted" in measure(uncounted, before).message
    numbers = NumericProfile.of(before.grid, np.array([1]), 1)
    with pytest.raises(TypeError, match="compares text columns"):
        measure(numbers, numbers)


def bursty(random, n, topics=6):
    """Documents that repeat their own few words and characters: tokens within one are as dependent as can be."""
    found = []
    for _ in range(n):
        topic = int(random.integers(topics))
        own = [f"t{topic}w{int(i)}" for i in random.integers(0, 12, 4)]
        found.append(" ".join(random.choice(own, int(random.integers(5, 40)))) + "!" * int(random.integers(0, 30)))
    return found


@pytest.mark.parametrize("measure", [characters, tokens])
def test_false_alarms_hold_although_words_of_a_document_go_together(measure):
    random, rounds = np.random.default_rng(17), 30
    grid = profile(bursty(random, 50)).grid
    p = np.array(
        [measure(profile(bursty(random, 150), grid), profile(bursty(random, 60), grid)).p_value for _ in range(rounds)]
    )
    assert (p <= 0.05).sum() <= 6  # binomial(30, 0.05): above 6 in 1 of 1,400
    assert (p <= 0.5).sum() <= 24


@pytest.mark.slow
@pytest.mark.parametrize("measure", [characters, tokens])
def test_false_alarms_of_text_over_many_windows(measure):
    random, rounds = np.random.default_rng(18), 500
    grid = profile(bursty(random, 50)).grid
    p = np.array(
        [measure(profile(bursty(random, 200), grid), profile(bursty(random, 80), grid)).p_value for _ in range(rounds)]
    )
    for level in (0.01, 0.05, 0.2):
        assert (p <= level).mean() < level + 3.3 * (level * (1 - level) / rounds) ** 0.5, level


@settings(max_examples=40, deadline=None)
@given(
    hs.dictionaries(hs.text(max_size=5), hs.integers(1, 9), max_size=40), hs.one_of(hs.none(), hs.integers(0, 2**64))
)
def test_bounding_depends_on_the_set_alone(counts, horizon):
    once = bounded(counts, horizon)
    assert bounded(*once) == once
    assert list(once[0]) == sorted(once[0])


def test_a_document_of_any_length_is_counted_in_pieces(monkeypatch):
    monkeypatch.setattr(module, "_BLOCK", 64)
    found = counted(["é Ab1 \t" * 1_000])
    assert found.characters.tolist() == [1_000, 1_000, 1_000, 3_000, 0, 0, 1_000]
    assert dict(found.tokens) == {"ab1": 1, "é": 1}
    assert found.shares.sum() == len(CLASSES)
