"""Who is learning: a private code that stays in the browser."""

from ui.shared.learner.learner import COMPONENT, Learner, adopt, learner

__all__ = ["COMPONENT", "Learner", "adopt", "learner"]
