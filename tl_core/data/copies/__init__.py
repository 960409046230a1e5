"""Items that are the same, byte by byte or in what they show."""
