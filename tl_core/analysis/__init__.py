"""What can honestly be said about trainings: planned, running and finished.

:mod:`~tl_core.analysis.verdict` puts a comparison into sentences, no stronger than its evidence;
:mod:`~tl_core.analysis.difference` names the photos on which two runs part;
:mod:`~tl_core.analysis.remarks` reads a run's curves;
:mod:`~tl_core.analysis.guess` holds a learner's guess against a comparison;
:mod:`~tl_core.analysis.layer_plan` puts a plan for the layers into numbers;
:mod:`~tl_core.analysis.advice` suggests what to thaw;
:mod:`~tl_core.analysis.transferability` scores features before any training;
:mod:`~tl_core.analysis.backbone_forecast` holds such scores against what networks reached. None of
it loads torch, but for :mod:`~tl_core.analysis.backbone_ranking`, which runs the networks whose
features are scored.
"""
