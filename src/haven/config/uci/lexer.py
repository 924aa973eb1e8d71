# SPDX-License-Identifier: GPL-2.0-or-later
"""UCI text cut into statements of words: quotes, escapes, comments and continued lines as libuci has them."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Wrong = tuple[str, dict[str, Any]]

_BLANKS = " \t\r\v\f"
_STATEMENTS = ("config", "option", "list", "package")


class Statement:
    """The words of one statement; `wrong` is the code and the facts of what made the rest unreadable."""

    def __init__(self, line: int) -> None:
        self.line = line
        self.words: list[str] = []
        self.wrong: Wrong | None = None


class UciLexer:
    """Hands out one statement after the other; a bad one costs its own line and no more."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line = 1
        self._wrong: Wrong | None = None

    def statement(self) -> Statement | None:
        """Read the next statement, or None at the end of the text."""
        self._skip_to_statement()
        if not self._char():
            return None
        statement = Statement(self._line)
        self._wrong = None
        while self._more_words():
            start = self._at
            word = self._word()
            # libuci compares the command as it is written, before it looks for quotes.
            if not statement.words and word != self._text[start : self._at] and not self._wrong:
                self._wrong = ("first-word-quoted", {})
            if self._wrong:
                statement.wrong = self._wrong
                self._skip_line()
                break
            statement.words.append(word)
        return statement

    def _char(self) -> str:
        return self._text[self._at : self._at + 1]

    def _step(self) -> None:
        if self._char() == "\n":
            self._line += 1
        self._at += 1

    def _skip_line(self) -> None:
        while self._char() not in ("", "\n"):
            self._step()

    def _skip_to_statement(self) -> None:
        while True:
            char = self._char()
            if char == "#":
                self._skip_line()
            elif char and (char in _BLANKS or char in "\n;"):
                self._step()
            else:
                return

    def _more_words(self) -> bool:
        while self._char() and self._char() in _BLANKS:
            self._step()
        return self._char() not in ("", "\n", ";", "#")

    def _word(self) -> str:
        letters: list[str] = []
        while not self._wrong:
            char = self._char()
            # '#' starts a comment even within a word, as it does for libuci.
            if char in ("", "\n", ";", "#") or char in _BLANKS:
                break
            if char in ("'", '"'):
                self._quoted(char, letters)
            elif char == "\\":
                self._escaped(letters)
            else:
                self._plain(letters)
        return "".join(letters)

    def _plain(self, letters: list[str]) -> None:
        if self._char() == "\0":
            self._wrong = ("nul", {})
            return
        letters.append(self._char())
        self._step()

    def _escaped(self, letters: list[str]) -> None:
        self._step()
        if self._text[self._at : self._at + 2] == "\r\n":
            self._step()
        if self._char() == "\n":
            self._step()
        elif self._char():
            self._plain(letters)

    def _quoted(self, mark: str, letters: list[str]) -> None:
        opened = (self._at, self._line)
        self._step()
        while not self._wrong:
            char = self._char()
            if char == mark:
                self._step()
                return
            if not char or (char == "\n" and self._statement_follows()):
                # Back to where it began: the lines after a forgotten quote are still read and checked.
                self._at, self._line = opened
                self._wrong = ("quote-open", {"mark": mark})
            elif char == "\\" and mark == '"':
                self._escaped(letters)
            else:
                self._plain(letters)

    def _statement_follows(self) -> bool:
        """Tell whether the next line reads like a statement: then a quote was forgotten on this one."""
        start = self._at + 1
        end = self._text.find("\n", start)
        first = (self._text[start:] if end < 0 else self._text[start:end]).split(None, 1)[:1]
        return bool(first) and first[0] in _STATEMENTS
