"""The models of the task `entity_linking`: the trie, what may be generated, and the search."""
