"""Random histories of logs and of the ingester that reads them, held against a ledger: `python -m tests.model`."""
