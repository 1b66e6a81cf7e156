# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""When a link counts as down, and when as up again."""

from hypothesis import given, settings
from hypothesis import strategies as st

from p4dmm.forwarding import Direction, LinkJudge

FORTH, BACK = Direction.FORTH, Direction.BACK


class Link:
    """A judge and a clock that moves by one with every round of probes."""

    def __init__(self, losses: int = 3, successes: int = 2) -> None:
        self.judge = LinkJudge(losses=losses, successes=successes)
        self.now = 0
        self.sequence = 0

    def round(self, *passing: Direction) -> bool:
        """One probe each way, of which these pass; whether the link is up then."""
        for direction in Direction:
            self.sequence += 1
            self.judge.expect(direction, self.sequence)
            self.judge.sent(direction, self.sequence, self.now + 1)
            if direction in passing:
                assert self.judge.heard(direction, self.sequence)
        self.now += 1
        self.judge.expire(self.now)
        return self.judge.is_up


def test_down_after_losses_in_a_row_in_either_direction() -> None:
    for passing in ((), (FORTH,), (BACK,)):
        link = Link()
        assert [link.round(*passing) for _ in range(4)] == [True, True, False, False]


def test_losses_that_are_not_in_a_row_do_not_add_up() -> None:
    link = Link()
    assert all(link.round(*passing) for passing in ((), (), (FORTH, BACK)) * 4)
    # Of each direction by itself.
    link = Link()
    assert all(link.round(passing) for passing in (FORTH, BACK) * 6)


def test_up_again_after_successes_in_a_row_in_both_directions() -> None:
    link = Link()
    for _ in range(3):
        link.round()
    both = (FORTH, BACK)
    assert [link.round(*passing) for passing in ((FORTH,), (FORTH,), both, (FORTH,), both, both)] == [
        *(False,) * 5,
        True,
    ]


def test_what_arrives_late_or_twice_or_was_never_sent_proves_nothing() -> None:
    judge = LinkJudge(losses=1, successes=1)
    judge.expect(FORTH, 1)
    judge.sent(FORTH, 1, 1.0)
    assert not judge.heard(BACK, 1), "the other direction's"
    judge.expire(0.9)
    assert judge.is_up
    judge.expire(1.0)
    assert not judge.is_up
    assert not judge.heard(FORTH, 1), "late"
    judge.expect(FORTH, 2)
    assert judge.heard(FORTH, 2), "before we were told that it has left"
    judge.sent(FORTH, 2, 2.0)
    assert not judge.heard(FORTH, 2), "twice"
    assert not judge.heard(FORTH, 7)
    assert not judge.is_up, "nothing was heard the other way"


def test_a_probe_is_not_late_before_it_has_left_nor_lost_if_it_never_does() -> None:
    judge = LinkJudge(losses=1, successes=1)
    judge.expect(FORTH, 1)
    judge.expect(BACK, 2)
    judge.expire(1e9)
    assert judge.is_up
    judge.unsent(FORTH, 1)
    judge.sent(BACK, 2, 1e9 + 1)
    judge.expire(1e9 + 2)
    assert not judge.is_up


def test_suspended_it_stays_what_it_was_and_counts_anew() -> None:
    link = Link()
    link.round()
    link.round()
    link.judge.expect(FORTH, 99)
    link.judge.sent(FORTH, 99, link.now)
    link.judge.suspend()
    link.judge.expire(link.now + 100)
    assert link.judge.is_up
    assert not link.judge.is_judged
    assert [link.round() for _ in range(3)] == [True, True, False]
    link.judge.suspend()
    assert not link.judge.is_up
    assert link.judge.is_judged


def test_judged_once_it_was_heard_both_ways_or_is_down() -> None:
    link = Link()
    assert not link.judge.is_judged
    link.round(FORTH)
    assert not link.judge.is_judged
    link.round(FORTH, BACK)
    assert link.judge.is_judged


@settings(max_examples=200, deadline=None)
@given(
    fates=st.lists(st.tuples(st.booleans(), st.booleans()), max_size=40),
    losses=st.integers(1, 4),
    successes=st.integers(1, 4),
)
def test_it_is_what_the_last_rounds_say(fates: list[tuple[bool, bool]], losses: int, successes: int) -> None:
    link = Link(losses, successes)
    was_up = True
    for number, fate in enumerate(fates, start=1):
        is_up = link.round(*(direction for direction, passes in zip(Direction, fate, strict=True) if passes))
        if was_up and not is_up:
            last = fates[max(0, number - losses) : number]
            assert len(last) == losses
            assert any(not any(f[way] for f in last) for way in (0, 1))
        if is_up and not was_up:
            # What passes is known before what is lost, so that one direction may be a round behind.
            for way in (0, 1):
                lasts = [fates[max(0, end - successes) : end] for end in (number, number - 1)]
                assert any(len(last) == successes and all(f[way] for f in last) for last in lasts)
        was_up = is_up
