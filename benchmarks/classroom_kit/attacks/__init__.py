"""What hostile visitors do to a server: every attack, one after the other and all together."""
