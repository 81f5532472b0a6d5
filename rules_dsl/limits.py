"""Named bounds of the front end: a rule file beyond one of them is refused with its place.

They keep the time and memory of one compilation bounded whatever text arrives.
"""

from __future__ import annotations

#: Characters, lines, and words and signs of one rule file; a file has one subject.
MAX_FILE_CHARS = 300_000
MAX_FILE_LINES = 10_000
MAX_FILE_LEXEMES = 100_000

#: Characters of all files of a rule book together.
MAX_BOOK_CHARS = 8_000_000

#: Files of a rule book.
MAX_FILES = 2_000

#: Words, numbers and signs of one logical line (a line with what its brackets wrap).
MAX_LINE_LEXEMES = 10_000

#: Depth of an expression: brackets, and also operators in a chain, since the tree of
#: `a + b + c` is as deep as it has terms and later passes recurse over it.
MAX_DEPTH = 100

#: Digits of a number literal; money needs 19 and a ratio a few more.
MAX_NUMBER_DIGITS = 38

#: Characters of a name.
MAX_NAME_CHARS = 200

#: Characters of a text in quotes, a template with its expressions included.
MAX_TEXT_CHARS = 10_000

#: Expressions in one template.
MAX_PLACEHOLDERS = 50

#: Errors shown for one file; the rest of the file is not read after that many.
MAX_FILE_ERRORS = 100

#: Full-width signs reported for one file.
MAX_FILE_WARNINGS = 1_000

#: Lines that one pair of brackets may wrap.
MAX_WRAPPED_LINES = 2_000

#: Keys of a budget: the depth of its tree.
MAX_BUDGET_KEYS = 12

#: Operators of one let, and rows of one table, that a reader is expected to check (TP802, TP804).
MAX_READABLE_OPERATORS = 12
MAX_READABLE_ROWS = 200
