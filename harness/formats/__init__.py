"""Files of the field's own formats: reading what others wrote, and writing what others read."""
