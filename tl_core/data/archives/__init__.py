"""Archives that nobody vouches for: what kind they are, what they hold, how their names read."""
