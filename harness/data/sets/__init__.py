"""The readers: one module for each family of data sets, which turns verified files into plain structures.

Every module has `content(folder)`, the content digest of what it reads, which is equal for every form of a data set.
"""
