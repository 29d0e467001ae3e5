"""Readers: one module a family of data sets, each turning verified files into plain structures.

Every module has `content(folder)`, the content digest of what it reads: equal for every form that a set is packed in.
"""
