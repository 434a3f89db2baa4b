"""Codes in every order: each sequence of what a person, a thief and the clock can do to a challenge, against a model."""

import itertools

from gateway_entrance import said

STEPS = ("right", "wrong", "wait", "resend")
LONGEST = 4


class Model:
    """What a challenge must answer, written a second time and simply."""

    def __init__(self):
        self.tries, self.used, self.passed_s, self.sent_s = 0, False, 0, 0

    def after(self, step):
        """The answer to a step; None for one that has none."""
        if step == "wait":
            self.passed_s += 299
            return None
        if self.used:
            return 409, "otp_used"
        if self.passed_s >= 600:
            return 410, "otp_expired"
        if self.tries >= 5:
            return 429, "otp_locked"
        return {"resend": self.resend, "right": self.right, "wrong": self.wrong}[step]()

    def resend(self):
        """Not before thirty seconds have passed."""
        if self.passed_s - self.sent_s < 30:
            return 429, "otp_throttled"
        self.sent_s = self.passed_s
        return 202, "ok"

    def right(self):
        """Once."""
        self.used = True
        return 200, "ok"

    def wrong(self):
        """Five times."""
        self.tries += 1
        return 401, "otp_invalid"


def answer(entrance, step, sign_in_id):
    """What the gateway answers to a step."""
    if step == "wait":
        return entrance.pass_time(seconds=299)
    if step == "resend":
        return said(entrance.resend(sign_in_id))
    return said(entrance.verify(sign_in_id, None if step == "right" else entrance.wrong(sign_in_id)))


def play(entrance, number, steps):
    """Compare a challenge of its own with the model, step by step."""
    sign_in_id, model = entrance.started(f"user{number}@example.com", network=f"network {number}"), Model()
    for place, step in enumerate(steps):
        assert answer(entrance, step, sign_in_id) == model.after(step), steps[: place + 1]


def test_every_sequence_of_steps_is_answered_as_the_model_says(entrance):
    """All sequences of up to four steps."""
    sequences = [steps for length in range(1, LONGEST + 1) for steps in itertools.product(STEPS, repeat=length)]
    for number, steps in enumerate(sequences):
        play(entrance, number, steps)
    assert len(sequences) == 340


def test_a_challenge_is_locked_by_its_fifth_wrong_code_and_the_right_one_comes_too_late(entrance):
    """Whatever is repeated in between."""
    for number, steps in enumerate((["wrong"] * 5 + ["right"], ["wrong"] * 4 + ["right", "right"], ["wrong"] * 6 + ["resend"])):
        play(entrance, number, steps)
