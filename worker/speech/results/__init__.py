"""Resumable jobs, and the storage of results too large for a job's answer."""
