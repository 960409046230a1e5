"""The database that every process of a server shares: jobs, events, learners' work, settings."""
