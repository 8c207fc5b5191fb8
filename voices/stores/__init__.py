"""Stores for voices: a directory, or an S3 server such as a network volume's."""
