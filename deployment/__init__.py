"""``scripts/deploy``: makes a RunPod account match ``deploy.toml``, through RunPod's API v2.

The file is read and checked (``desired``), compared with the account (``plan``) and with RunPod's offer
(``catalogue``); the result is shown (``report``) and carried out (``apply``).
"""
