"""The workspace beside its file share: what it is called, where its share is, which flows its registry knows, runs.

What belongs here: the service's REST calls as plain functions and values, through azure-core's pipeline and
azure-identity. What joins them with the share's folders and the repository's refs is ``flowsync.sync``'s.

Reading order: ``cloud`` (where to ask), ``claims`` (who asks), ``wire`` (one request), ``refusals`` (what a refusal
means), ``workspace`` and ``storage`` (discovery), ``session`` (the three together, remembered), ``flows`` (the
registry), ``runs``, ``links``.
"""
