"""Figures from stored records alone: what a task declares in `figures.toml`, as SVG and PNG. Without torch."""
