"""k-means inside a database: the passes of a run are SQL statements, the driver and the result are
those of the jobs.

The statements are the .sql files in statements/ (templates.py says how they are read), those of one
database with its name. `database.py` is the interface; `duck.py` and `postgres.py` hold only what
differs. Nothing here imports mrjob.
"""
