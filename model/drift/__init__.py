"""Is the stream still what it was?"""
