"""From a configuration to a stream of events and a record."""
