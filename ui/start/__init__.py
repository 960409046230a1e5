"""The Start screen, and how a learner joins a class."""
