"""The parts of models that tasks hold constant, one public class a module."""
