"""The record in SQL, whichever database speaks it: rows, searches and turns are made here, once.

What is here knows tables, not databases. Text is written with ``?`` and ``:name`` for bound values, and runs on a
`Connection`; what databases say differently is asked of a `Dialect`. A database package (`careloom.store.sqlite`,
`careloom.store.postgres`) supplies six things and nothing else:

1. **The schema**: numbered migrations that make the tables of `careloom.store.sql.tables`, with their indexes.
   Texts sort by code point (``COLLATE "C"``), hashes and vids are signed 64-bit integers, `low` and `high` of `num` and
   `pair` are doubles.
2. **Connections** that answer `careloom.store.sql.dialect.Connection`: ``execute(sql, values)`` with ``?`` (values in
   order) or ``:name`` (values in a mapping), giving cursors with ``fetchone``, ``fetchall`` and iteration.
3. **A dialect**: `careloom.store.sql.dialect.Dialect` says how to name an index, how to join in the order written, how
   to look for a text inside a text, how to find words, and how to append rows to a table (``executemany``, ``COPY``).
4. **A writer** that runs turns one behind the other (`careloom.store.sql.turn.take_turn`) and commits them in groups.
   Within one tenant the order of commits is the order of vids.
5. **Readers**: a snapshot of the database for each search (`careloom.store.sql.searching.Search`).
6. **Failures**: which errors of its driver mean `UnavailableError`.

Writer and readers are as `careloom.store.sql.connections` has them. What is made of all this is a
`careloom.store.sql.repository.SqlRepository`, to which a database adds only what no other does.

How the parts hang together::

    Query ── conditions, families, intervals ──> Clause     how to test a candidate, how to find candidates
          ── plan ─────────────────────────────> Candidates where to begin, what to test on the way
          ── pages, newest ────────────────────> Sql        in which order, from behind which entry on
          ── searching ────────────────────────> Page       run row by row, judged where SQL says too much, sealed

    Resource ── prepare ──> Prepared   index rows and packed body, made outside the writer's turn
             ── turn ─────> Batch      versions, heads and rows of a unit, written table by table in key order
"""
