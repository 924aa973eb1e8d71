# SPDX-License-Identifier: GPL-2.0-or-later
"""UCI text cut into statements of words: quotes, escapes, comments and continued lines as libuci has them."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Wrong = tuple[str, dict[str, Any]]

_BLANKS = " \t\r\v\f"
# What a word goes up to, or a part of one without quotes and escapes.
_ENDS = _BLANKS + "'\"\\;#"
# How many words a statement takes after its first one.
_ARGUMENTS = {"config": 2, "c": 2, "option": 2, "o": 2, "list": 2, "l": 2, "package": 1, "p": 1}
_STATEMENTS = ("config", "option", "list", "package")


class Statement:
    """The words of one statement; `wrong` is the code and the facts of what made the rest unreadable."""

    __slots__ = ("line", "words", "wrong")

    def __init__(self, line: int) -> None:
        self.line = line
        self.words: list[str] = []
        self.wrong: Wrong | None = None


class UciLexer:
    """Hands out one statement after the other; a bad one costs its own line and no more."""

    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")
        self._has_nul = "\0" in text
        # Where we read: the number of the line, from 1, the line, and the place in it.
        self._line = 0
        self._text = ""
        self._at = 0
        self._wrong: Wrong | None = None
        self._met_nul = False

    def statement(self) -> Statement | None:
        """Read the next statement, or None at the end of the text."""
        if not self._find_statement():
            return None
        statement = Statement(self._line)
        if self._text[self._at] != "#":
            keyword = self._keyword()
            statement.words.append(keyword)
            self._take_arguments(statement.words, _ARGUMENTS.get(keyword, 0))
        if self._wrong or self._met_nul:
            statement.wrong = self._wrong or ("nul", {})
            self._wrong, self._met_nul = None, False
            self._skip_line()
        return statement

    def _find_statement(self) -> bool:
        """Go to the next statement, or to a comment with a NUL in it."""
        # After a ';' there is more on the line.
        while self._at >= len(self._text):
            if not self._next_line():
                return False
            if self._next_char() == "#" and not self._met_nul:
                self._skip_line()
        return True

    def _next_line(self) -> bool:
        if self._line == len(self._lines):
            return False
        self._text = self._lines[self._line]
        self._line += 1
        self._at = 0
        # libuci would take the line for shorter than it is, and the next one for a part of it.
        if self._has_nul and "\0" in self._text:
            self._met_nul = True
        return True

    def _skip_line(self) -> None:
        self._at = len(self._text)

    def _next_char(self, blanks: str = _BLANKS) -> str:
        """Return what comes after the blanks, empty at the end of the line."""
        text, length = self._text, len(self._text)
        at = self._at
        while at < length and text[at] in blanks:
            at += 1
        self._at = at
        return text[at : at + 1]

    def _keyword(self) -> str:
        # libuci compares it as it is written, up to a space or a tab, whatever else is in it.
        text, begins = self._text, self._at
        self._at = _first_of(" \t", text, begins)
        keyword = text[begins : self._at]
        if "'" in keyword or '"' in keyword or "\\" in keyword:
            self._wrong = ("first-word-quoted", {})
        # The line may be one of Windows.
        return keyword.rstrip(_BLANKS) if self._at == len(text) else keyword

    def _take_arguments(self, words: list[str], count: int) -> None:
        """Read the words of a statement as libuci does, to which not every ';' is an end."""
        for _ in range(count):
            char = self._next_char()
            if char == ";":
                # It stands for an empty word, and what follows is the next one.
                self._end_line()
            if char in ("", ";", "#") or self._wrong:
                break
            begins = (self._line, self._at)
            word = self._word()
            if self._wrong:
                return
            words.append(word)
            if self._is_cut_off(begins, word):
                self._end_line()
        else:
            self._end_statement(words)
        if self._text[self._at : self._at + 1] == "#":
            self._skip_line()

    def _is_cut_off(self, begins: "tuple[int, int]", word: str) -> bool:
        """Tell whether a ';' follows that libuci writes the NUL behind the word over, and ends the line."""
        text, at = self._text, self._at
        # Quotes and escapes make the word shorter than what it was read from; the ';' then stays.
        return text[at : at + 1] == ";" and begins == (self._line, at - len(word))

    def _end_line(self) -> None:
        """Complain of what libuci would not read after a ';', or not as a statement."""
        self._at += 1
        if self._next_char() not in ("", "#"):
            self._wrong = ("semicolon", {})
        self._skip_line()

    def _end_statement(self, words: list[str]) -> None:
        char = self._next_char()
        if char == ";":
            self._at += 1
            # libuci refuses one at the end of a line, and knows no other blanks here.
            after = self._next_char(" \t")
            if not after or after in _BLANKS:
                self._wrong = ("semicolon", {})
        elif char not in ("", "#"):
            word = self._word()
            # An empty one makes no difference, but libuci skips no blanks after it.
            if word or (self._at < len(self._text) and self._next_char(" \t") != "#"):
                words.append(word)
            self._skip_line()

    def _word(self) -> str:
        text, at = self._text, self._at
        # '#' starts a comment even within a word, as it does for libuci.
        end = self._at = _first_of(_ENDS, text, at)
        letters = [text[at:end]]
        while not self._wrong:
            text, at = self._text, self._at
            char = text[at : at + 1]
            if char == "\\":
                self._escaped(letters)
            elif char in ("'", '"'):
                self._quoted(char, letters)
            elif char in ("", ";", "#") or char in _BLANKS:
                break
            else:
                self._at = _first_of(_ENDS, text, at)
                letters.append(text[at : self._at])
        return "".join(letters)

    def _escaped(self, letters: list[str]) -> None:
        rest = self._text[self._at + 1 : self._at + 3]
        if rest == "" or (rest == "\r" and self._line < len(self._lines)):
            # The statement goes on in the next line.
            if not self._next_line():
                self._skip_line()
        else:
            letters.append(rest[0])
            self._at += 2

    def _quoted(self, mark: str, letters: list[str]) -> None:
        opened = self._line
        self._at += 1
        while self._quoted_line(mark, letters):
            if self._line == len(self._lines) or _is_statement(self._lines[self._line]):
                # Back to where it began: the lines after a forgotten quote are still read and checked.
                self._line, self._text = opened, self._lines[opened - 1]
                self._wrong = ("quote-open", {"mark": mark})
                return
            letters.append("\n")
            self._next_line()

    def _quoted_line(self, mark: str, letters: list[str]) -> bool:
        """Read up to the closing quote or the end of the line; tell whether the quote is still open."""
        line, end = self._line, self._text.find(mark, self._at)
        while mark == '"':
            slash = self._text.find("\\", self._at, len(self._text) if end < 0 else end)
            if slash < 0:
                break
            letters.append(self._text[self._at : slash])
            self._at = slash
            self._escaped(letters)
            if line != self._line or self._at > end >= 0:
                line, end = self._line, self._text.find(mark, self._at)
        letters.append(self._text[self._at :] if end < 0 else self._text[self._at : end])
        self._at = end + 1
        return end < 0


def _first_of(ends: str, text: str, begin: int) -> int:
    """Return where one of these characters comes first, or the end of the text."""
    for at in range(begin, len(text)):
        if text[at] in ends:
            return at
    return len(text)


def _is_statement(line: str) -> bool:
    """Tell whether a line reads like a statement: then a quote was forgotten on the one before it."""
    begin = line.lstrip(_BLANKS)
    return begin[:4] in ("conf", "opti", "list", "pack") and begin.split(None, 1)[0] in _STATEMENTS
