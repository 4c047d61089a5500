"""Background sync of one repository: wakes on file events, on commands and on its own timers, and lets ``sync`` work.

    watch ── rumours ─┐
    client ── jobs ───┤── inbox ── agenda (what next?) ── engine ── hands (link, share, conductor) ── board (state)
    timers ───────────┘                                                                                │
                                          logs, notices, metrics, subscribers of the socket <──────────┘

Judgement is pure, takes the time as an argument and has a module per subject: ``quiet`` (debouncing), ``pace`` (when to
look), ``budget`` (requests per hour), ``backoff``, ``pauses``, ``agenda`` (what comes next). Effects are thin:
``watch``, ``hands``, ``kept_share``, ``server``, ``process``. ``client`` and ``place`` import next to nothing: the
command line asks through them and must stay fast.
"""
