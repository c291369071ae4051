"""Ingest: the whole way from bytes to committed rows, and the rules evaluated on what was committed."""

from tokenmon.ingest.batch import FileProgress, Progress
from tokenmon.ingest.service import Service
from tokenmon.ingest.uptodate import bring_up_to_date

__all__ = ["FileProgress", "Progress", "Service", "bring_up_to_date"]
