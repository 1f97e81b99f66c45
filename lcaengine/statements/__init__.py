"""Statements and reports: what an exporter sends and a verifier checks (docs/statements.md)."""
