"""Parts of models that tasks and entrants share, one public class a module."""
