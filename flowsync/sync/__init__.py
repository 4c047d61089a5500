"""The conductor: observe -> plan -> apply -> record, for one repository and one remote.

    share ── observe ──> objects, cache ── record ──> tracking refs ── land ──> branch, base
    share <── push ──── branch ── survey (base, local, remote) ──> plan

Each step leaves a state from which the next run plans again and arrives at the same place; base moves last.

The rooms, along the data's way: ``opened`` (a link), ``scan`` and ``observe`` (the look), ``record`` and ``snapshot``
(tracking commits), ``survey`` (where flows stand), ``joined`` (merges), ``land``, ``push``, ``settle`` (what a person
decides), ``preview`` and ``status`` (what a person is told), ``conductor`` (the order of all this).
"""
