"""ZIP archives: read with suspicion, written the same every time. Knows no Git and no share.

Reading is two passes. ``reading`` is the first: from the end record to a plan of members, judged before a byte of
content is touched. ``contents`` is the second: bytes counted and checked as they come. What an archive offers is
refused as a whole or taken as it is; no name is ever repaired.

The rooms of reading, from the file's end to a folder: ``ending``, ``records`` (how ZIP is laid out), ``names``,
``kinds`` and ``extents`` (what is refused), ``reading``, ``contents``, ``layout`` (which flows are inside), ``flows``,
``unpacking``. Beside them: ``limits``, ``provenance`` (what the comment says), ``writing``, ``saving``.
"""
