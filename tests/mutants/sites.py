# SPDX-License-Identifier: MIT
"""Where a source can be changed, and how: every place of a file where one small mistake fits.

The text is read as tokens, not parsed: what is no mistake in C does not compile, or compiles to the
same code, and another mutant is drawn in its place.
"""
from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

# Comments, strings, character constants and lines of the preprocessor: nothing in them is changed. A
# string stays a token, as a name of the same length.
NOT_CODE = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''
                      r'|^[ \t]*#(?:\\\n|[^\n])*', re.DOTALL | re.MULTILINE)
TOKEN = re.compile(r'[A-Za-z_]\w*|(?:0[xX][\da-fA-F]+(?:\.[\da-fA-F]*)?(?:[pP][+-]?\d+)?'
                   r'|\d+\.?\d*(?:[eE][+-]?\d+)?)[uUlLfF]*'
                   r'|<<=|>>=|\.\.\.|->|\+\+|--|<<|>>|[<>=!+\-*/%&|^]=|&&|\|\||\S')

COMPARISONS = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}
ARITHMETIC = {"+": "-", "-": "+", "*": "/", "/": "*", "%": "*", "<<": ">>", ">>": "<<", "&": "|",
              "|": "&", "^": "|", "+=": "-=", "-=": "+=", "*=": "/=", "/=": "*=", "|=": "&=",
              "&=": "|=", "++": "--", "--": "++"}
LOGIC = {"&&": "||", "||": "&&"}
KEYWORDS = set("return if for while do switch case default else struct const static enum union goto "
               "typedef extern unsigned signed sizeof _Static_assert _Thread_local break continue".split())


@dataclass(frozen=True)
class Token:
    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    @property
    def is_name(self) -> bool:
        return self.text[0].isalpha() or self.text[0] == "_"

    @property
    def is_number(self) -> bool:
        return self.text[0].isdigit()

    @property
    def ends_value(self) -> bool:
        if self.is_name:
            return self.text not in KEYWORDS
        return self.is_number or self.text in ")]"


@dataclass(frozen=True)
class Mutant:
    path: Path  # from the root, as in src/core/groups.c
    kind: str
    start: int
    end: int
    new: str
    line: int
    before: str  # the lines that change, in one
    after: str
    key: float  # of all mutants of a kind, those with the lowest keys are drawn

    def apply(self, text: str) -> str:
        return text[:self.start] + self.new + text[self.end:]


def one_line(text: str) -> str:
    return " ".join(text.split())


def blank(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", "_" if match.group()[0] in "\"'" else " ", match.group())


class Source:
    """The tokens of a file, and which bracket belongs to which."""

    def __init__(self, text: str):
        self.text = text
        code = NOT_CODE.sub(blank, text)
        self.tokens = [Token(match.group(), match.start()) for match in TOKEN.finditer(code)]
        self.partner: dict[int, int] = {}  # of an opening bracket the closing one, and the reverse
        self.inside: list[int] = []  # for each token the bracket it is in, or -1
        self._match()

    def _match(self) -> None:
        opened: list[int] = []
        for i, token in enumerate(self.tokens):
            if token.text in (")", "]", "}") and opened:
                self.partner[opened[-1]] = i
                self.partner[i] = opened.pop()
            self.inside.append(opened[-1] if opened else -1)
            if token.text in ("(", "[", "{"):
                opened.append(i)

    def in_code(self, i: int) -> bool:
        """In a function or an initializer: not a declaration at the level of the file."""
        while i >= 0:
            if self.tokens[i].text == "{":
                return True
            i = self.inside[i]
        return False

    def span(self, first: int, last: int) -> str:
        return self.text[self.tokens[first].start:self.tokens[last].end]


Change = tuple[str, int, int, str]  # kind, first and last token, what they become


def operator_changes(source: Source, i: int) -> Iterator[Change]:
    token = source.tokens[i]
    before = source.tokens[i - 1]
    if token.text in COMPARISONS:
        yield "operator", i, i, COMPARISONS[token.text]
    elif token.text in LOGIC:
        yield "operator", i, i, LOGIC[token.text]
    elif token.text in ARITHMETIC:
        is_step = token.text in ("++", "--")
        # A unary sign, a pointer or an address has a space on one side only.
        spaced = source.text[token.start - 1].isspace() and source.text[token.end].isspace()
        if is_step or (before.ends_value and spaced):
            yield "operator", i, i, ARITHMETIC[token.text]


def other_number(text: str) -> Iterator[str]:
    digits = text.rstrip("uUlL") if text[:2].lower() == "0x" else text.rstrip("uUlLfF")
    suffix = text[len(digits):]
    if re.fullmatch(r"\d+", digits):
        value = int(digits)
        yield f"{value + 1}{suffix}"
        if value:
            yield f"{value - 1}{suffix}"
    elif digits[:2].lower() == "0x" and "p" not in digits.lower():
        yield f"{int(digits, 16) + 1:#x}{suffix}"
        yield f"{int(digits, 16) >> 1:#x}{suffix}"
    else:
        yield f"({text} * 2)"
        yield f"({text} * 0.75{suffix})"


def is_declared_length(source: Source, i: int) -> bool:
    """The 64 of `char text[64]`: a larger or smaller array is seldom a mistake that shows."""
    bracket = source.inside[i]
    if bracket < 2 or source.tokens[bracket].text != "[":
        return False
    named, before = source.tokens[bracket - 1], source.tokens[bracket - 2]
    return named.is_name and ((before.is_name and before.text != "return") or before.text == "*")


def constant_changes(source: Source, i: int) -> Iterator[Change]:
    token = source.tokens[i]
    if token.is_number and not is_declared_length(source, i):
        for new in other_number(token.text):
            yield "constant", i, i, new
    elif token.text in ("true", "false"):
        yield "constant", i, i, "false" if token.text == "true" else "true"


def condition_changes(source: Source, i: int) -> Iterator[Change]:
    if source.tokens[i].text in ("if", "while") and source.tokens[i + 1].text == "(":
        close = source.partner[i + 1]
        yield "condition negated", i + 1, close, f"(!{source.span(i + 1, close)})"
    elif source.tokens[i].text == "!" and not source.tokens[i - 1].ends_value:
        yield "condition negated", i, i, ""


def ends_statement(source: Source, i: int) -> bool:
    """Whether a statement can begin after token i."""
    text = source.tokens[i].text
    if text in ("{", "}", ";", "else"):
        return True
    if text != ")":
        return False
    return source.tokens[source.partner[i] - 1].text in ("if", "for", "while")


def statement_changes(source: Source, i: int) -> Iterator[Change]:
    around = source.inside[i]
    if around < 0 or source.tokens[around].text != "{" or not ends_statement(source, i - 1):
        return
    first, second = source.tokens[i], source.tokens[i + 1]
    is_jump = first.text in ("break", "continue", "goto")
    is_expression = (first.is_name and first.text not in KEYWORDS and not second.is_name
                     and not (second.text == "*" and source.text[second.start - 1].isspace()
                              and not source.text[second.end].isspace()))
    if not is_jump and not is_expression and first.text not in ("*", "++", "--"):
        return
    last = i
    while source.tokens[last].text != ";" or source.inside[last] != around:
        last += 1
        if last == len(source.tokens) or source.tokens[last].text == "}" and last == source.partner[around]:
            return
    yield "statement removed", i, last, ";"


def bound_changes(source: Source, i: int) -> Iterator[Change]:
    """i < n becomes i < n - 1, and a[i] becomes a[i + 1]."""
    token = source.tokens[i]
    if token.text in ("<", "<=", ">", ">=") and source.tokens[i + 1].ends_value:
        bound = source.tokens[i + 1]
        after = source.tokens[i + 2].text
        if bound.is_name and after in (";", ")", "&&", "||"):
            yield "off by one", i + 1, i + 1, f"{source.span(i + 1, i + 1)} - 1"
            yield "off by one", i + 1, i + 1, f"{source.span(i + 1, i + 1)} + 1"
    elif token.text == "[" and source.tokens[i - 1].ends_value and i in source.partner:
        close = source.partner[i]
        if close > i + 1 and not is_declared_length(source, i + 1):
            yield "off by one", close - 1, close - 1, f"{source.span(close - 1, close - 1)} + 1"


def argument_changes(source: Source, i: int) -> Iterator[Change]:
    """f(a, b) becomes f(b, a)."""
    if source.tokens[i].text != "(" or i not in source.partner or not source.in_code(i):
        return
    if not source.tokens[i - 1].is_name or source.tokens[i - 1].text in KEYWORDS:
        return
    commas = [j for j in range(i + 1, source.partner[i])
              if source.tokens[j].text == "," and source.inside[j] == i]
    edges = [i, *commas, source.partner[i]]
    for left, comma, right in zip(edges, edges[1:], edges[2:]):
        one, two = source.span(left + 1, comma - 1), source.span(comma + 1, right - 1)
        if one_line(one) != one_line(two):
            yield "arguments swapped", left + 1, right - 1, f"{two}, {one}"


def return_changes(source: Source, i: int) -> Iterator[Change]:
    if source.tokens[i].text != "return" or source.tokens[i + 1].text == ";":
        return
    last = i
    while source.tokens[last + 1].text != ";" or source.inside[last + 1] != source.inside[i]:
        last += 1
    value = one_line(source.span(i + 1, last))
    opposite = {"true": "false", "false": "true", "QUANT_OK": "QUANT_INVALID", "0": "1", "NULL": None}
    new = opposite.get(value, "0")
    if new:
        yield "value returned", i + 1, last, new
    if new == "0":
        yield "value returned", i + 1, last, f"!({source.span(i + 1, last)})"


CHANGES = [operator_changes, constant_changes, condition_changes, statement_changes, bound_changes,
           argument_changes, return_changes]


def find_mutants(root: Path, path: Path, seed: int) -> Iterator[Mutant]:
    """All of a file. A key hangs on the seed and on the lines that change: an edit elsewhere does not
    draw another sample."""
    source = Source((root / path).read_text(encoding="utf-8"))
    seen: dict[tuple[str, str, str], int] = {}
    for i in range(1, len(source.tokens) - 2):
        if not source.in_code(i):
            continue
        for kind, first, last, new in (change for find in CHANGES for change in find(source, i)):
            start, end = source.tokens[first].start, source.tokens[last].end
            line_start = source.text.rfind("\n", 0, start) + 1
            line_end = source.text.find("\n", end)
            before = one_line(source.text[line_start:line_end])
            after = one_line(source.text[line_start:start] + new + source.text[end:line_end])
            number = seen[kind, before, after] = seen.get((kind, before, after), 0) + 1
            name = f"{seed}|{path}|{kind}|{before}|{after}|{number}"
            key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:7], "big") / 2**56
            yield Mutant(path, kind, start, end, new, source.text.count("\n", 0, start) + 1,
                         before, after, key)
