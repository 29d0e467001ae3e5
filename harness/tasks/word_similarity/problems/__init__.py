"""The data of the task `word_similarity`: its types, and the generators and readers of its cases."""
