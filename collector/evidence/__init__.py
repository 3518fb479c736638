"""What stands behind a value: which elements, tags, readings, lines, stops and versions?"""
