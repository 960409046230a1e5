"""What is done with runs: the store of jobs and events, comparison, use on new photos."""
