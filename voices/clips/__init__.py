"""Reference clips: decoded, measured, judged and prepared."""
