"""Who is learning: a private token that stays in the browser."""

from ui.learner.learner import learner_token

__all__ = ["learner_token"]
