"""Public retrieval data sets, read as they are published, into one shape that ``evaluator`` measures.

A broken line, a picture that is not there and an id that nothing explains are BadSource with file and line.
"""
