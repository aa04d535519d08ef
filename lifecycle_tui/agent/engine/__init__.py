"""Where rows are read and versions are fitted: here, or on the workers of a Dask cluster (`[workspace] engine`).

The seam is `Reader.read`, `gather` and `fit_with`: each asks `ModelData.away` first. With `engine = "local"` there is
nobody to ask, and the loop runs here. With a cluster:

    orders    what a worker needs to read a scan as this process would have read it          (values, picklable)
    shares    what comes back of a share of a scan, its sum, and its bytes                   (pure)
    outcomes  predictions beside labels as Arrow
    gathered  labelled rows for training as Arrow
    onworker  the functions that run there
    opened    tables that a worker has open
    cluster   the connection: submit, wait with progress and cancel, errors in words
    away      splits a scan into shares, by fragment, and puts them together                 (this process)

A share is one fragment or a few that follow each other. Shares are read wherever a worker is free and added up as a
tree on the workers; counts and sums are exact, so the bits are those of one pass here. What crosses fragments is dealt
with before: ids that occur again (`data.shares`), labels (each worker reads the labels table), joined features and
samples (one worker reads the whole window). What cannot leave this process is read here, and the job's log says why.
"""
