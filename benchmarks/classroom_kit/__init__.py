"""What ``benchmarks/classroom.py`` is made of: a server, thirty learners, and what befalls them."""
