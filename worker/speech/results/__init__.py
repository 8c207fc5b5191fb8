"""Results that are larger than a job's answer may be: where they are put, and how a long job goes on."""
