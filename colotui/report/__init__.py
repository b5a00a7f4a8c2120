"""Reports of a recording: what happened in a stretch of time, as one HTML file or as Markdown; pure but for writing."""
