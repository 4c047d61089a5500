"""What actions do, area by area: ``do_<id>(app)`` for each that no widget or screen does itself."""
