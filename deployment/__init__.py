"""``scripts/deploy``: brings a RunPod account to what ``deploy.toml`` says, through RunPod's API v2.

The file is read and checked (``desired``), compared with what the account has (``account``, ``plan``)
and with what RunPod offers (``catalogue``), shown (``report``), and carried out (``apply``).
"""
