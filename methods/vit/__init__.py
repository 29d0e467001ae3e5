"""ViT: image classification by a Transformer on patches (Dosovitskiy et al., 2021)."""
