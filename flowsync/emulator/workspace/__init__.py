"""The few endpoints of an Azure Machine Learning workspace that drafts and runs need.

Reading order: ``state`` (what there is, and what a test may set), ``route`` (the table), ``front`` (how requests are
read and refused), ``access`` (tokens and roles), then one file per kind of thing: ``arm``, ``flows``, ``index`` with
``entities``, ``runs`` with ``sources``, ``flow_file`` and ``execution`` (what comes of a run), ``history``.
"""
