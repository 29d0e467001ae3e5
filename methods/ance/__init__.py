"""ANCE: approximate nearest neighbour negative contrastive learning for dense retrieval (Xiong et al., 2021)."""
