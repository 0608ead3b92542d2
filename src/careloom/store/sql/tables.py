"""The tables that hold rows per version, column by column, the same in every database.

Every key begins with the tenant. A ``vid`` (version id) is the sequence of a version: microseconds since 1970 shifted
by ten bits, and a counter. Read backwards, every key that ends in it is newest first.

Columns called ``h``, ``rid`` and ``target`` hold 64 bits of a keyed hash (`careloom.store.hashing`); ``rid`` is that of
``Type/id`` and ``target`` that of what a reference says, so the two meet. Columns called ``type``, ``p``, ``sys``,
``code`` and ``unit`` are numbers that stand for texts in ``name``; 0 for the empty text. ``p`` stands for
``Type.parameter``.

=============  ==========================================================  =====================================
table          key; further indexes                                        serves
=============  ==========================================================  =====================================
``head``       (tenant, rid)                                               read, the next version, ``_id``
``version``    (tenant, vid); superseded (tenant, rid, ver);               vread, history, listings, ``:missing``,
               type (tenant, type, vid); shape (tenant, shape, vid);       the feed that notify reads
               frame (tenant, frame, vid) of those that have one
``body``       (vid)                                                       content
``tx``         (tenant, tx)                                                cause, visibility
``change_log`` (tenant, position)                                          the same of what was written in slices
``tok``        (tenant, h, vid, sys)                                       codes, identifiers, flags
``ref``        (tenant, target, p, vid); version (tenant, vid, p)          references, chains both ways,
                                                                           compartments, revincludes
``str``        (tenant, p, folded, vid, exact); version (tenant, vid, p)   texts, by their start
``dat``        (tenant, p, low, high, vid); version (tenant, vid, p);      dates and periods
               long (tenant, p, high) where longer than a day
``num``        (tenant, p, low, high, vid, sys, code, unit); version       numbers and quantities
               (tenant, vid, p); long (tenant, p, high) where high > low
``uri``        (tenant, p, text, vid)                                      URIs
``pair``       (tenant, h, low, high, vid)                                 composites: a superset, see families
``geo``        (tenant, cell, vid, latitude, longitude)                    ``near``
``fts``        words of a version by vid, in the database's own way        ``_text``, ``_content``, ``:text``
=============  ==========================================================  =====================================

``version.shape`` is the number of a text, too: ``,3,17,17:9,t5,`` names the type (t5), the ``p`` of each parameter
that the resource has elements for, and the ``sys`` of the tokens of each. There are few such texts, so a version needs
only a small number to be found by what it lacks, or by a system whatever the code. See `careloom.store.sql.keys`.

Rows of a postings table under the number of a frame instead of a vid are those of all versions with that number in
``version.frame``, beside their own. See `careloom.store.sql.frames`.

``tx`` tells of each unit of work its first and last vid, and whether it is to be seen: a large bundle is written in
slices, which nobody sees before its row says so; if it is given up, the row says that until the last of it is taken
out. A closed version has the vid that follows it in ``valid_to``.

The newest version of a resource is found through its head; ``superseded`` holds those that are closed. ``version.told``
says that a version is told of to subscribers at its own vid. What was written in slices is told of later than its vid,
when it is shown; the rows of ``change_log`` say when.

On PostgreSQL, where a row of a postings table lies outside its indexes, these hold only what leads to it:
``(target, block)``, ``(vid)``, ``(tenant, p, low)``. There ``tok`` and ``fts`` are views of rows that hold several
versions each, see `careloom.store.postgres.blocks`.

Beside them lie the small ones: ``tenant``, ``name``, ``dictionary`` (for compression), ``index_state``, ``erasure``,
``once``, and what notify keeps.
"""

from collections.abc import Mapping
from typing import Any

Row = tuple[Any, ...]

Rows = Mapping[str, list[Row]]
"""By table of `POSTINGS`, tuples of its columns but tenant and vid; none comes twice."""

BLOCK_BITS = 10
"""The last bits of a vid: versions that agree in all the others are a block, where rows are looked up by blocks."""

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "version": ("tenant", "vid", "rid", "type", "ver", "op", "valid_to", "shape", "frame", "told"),
    "body": ("vid", "tenant", "dictionary", "bytes"),
    "change_log": ("tenant", "position", "vid"),
    "tok": ("tenant", "h", "vid", "sys"),
    "ref": ("tenant", "target", "p", "vid"),
    "str": ("tenant", "p", "folded", "vid", "exact"),
    "dat": ("tenant", "p", "low", "high", "vid"),
    "num": ("tenant", "p", "low", "high", "vid", "sys", "code", "unit"),
    "uri": ("tenant", "p", "text", "vid"),
    "pair": ("tenant", "h", "low", "high", "vid"),
    "geo": ("tenant", "cell", "vid", "latitude", "longitude"),
    "fts": ("vid", "tenant", "words"),
}
"""The tables that a unit appends rows to, in the order in which it does, with the columns of each row in order."""

POSTINGS = ("tok", "ref", "str", "dat", "num", "uri", "pair", "geo", "fts")
"""Those that make up the search index."""
