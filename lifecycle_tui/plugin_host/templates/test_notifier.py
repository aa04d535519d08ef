"""Tests of the notifier `template`."""

from pathlib import Path

from lifecycle_tui import testing

FILE = Path(__file__).parents[1] / "plugins" / "template.py"


@testing.conformance(FILE)
def test_does_what_every_notifier_must(check: testing.Conformance) -> None:
    check.run()


def test_two_messages_are_two_entries_of_one_calendar(tmp_path: Path) -> None:
    notifier = testing.load_plugin(FILE)(path=str(tmp_path / "team" / "alerts.ics"))
    notifier.send(testing.message("psi.income 0.31 > 0.2", since="2025-03-01"))
    notifier.send(testing.message("auc 0.8 < 0.9", since="2025-03-08"))
    lines = (tmp_path / "team" / "alerts.ics").read_text("utf-8").splitlines()
    assert [line for line in lines if line.startswith("DTSTART")] == [
        "DTSTART;VALUE=DATE:20250301",
        "DTSTART;VALUE=DATE:20250308",
    ]
    assert (lines[0], lines[-1], lines.count("BEGIN:VCALENDAR")) == ("BEGIN:VCALENDAR", "END:VCALENDAR", 1)
