"""Where voices are kept: a directory, or the S3 server of a network volume."""
