"""What can honestly be said about finished and running trainings.

:mod:`~tl_core.analysis.verdict` puts a comparison into sentences, no stronger than its evidence;
:mod:`~tl_core.analysis.difference` names the photos on which two runs part;
:mod:`~tl_core.analysis.remarks` reads a run's curves;
:mod:`~tl_core.analysis.advice` suggests what to thaw. None of it loads torch.
"""
