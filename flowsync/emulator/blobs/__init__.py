"""The little of Blob Storage that runs need: whole blobs, their metadata, ranges of them when they are read."""
