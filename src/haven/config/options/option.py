# SPDX-License-Identifier: GPL-2.0-or-later
"""What a row of the option table is."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from haven.config.options.kinds import Kind


# In which the model has times, whatever unit the user writes.
_MICROSECONDS = {"ms": 1000, "s": 1000000}
# In which pages show the options of a section, one after the other.
GROUPS = BASIC, TIMING, ADVANCED = ("basic", "timing", "advanced")


def option_text(value: object) -> str:
    """Return the value of an option as it is written in UCI."""
    return "%d" % value if isinstance(value, bool) else str(value)


class Option:
    """One option of a section type."""

    def __init__(
        self,
        name: str,
        kind: "Kind",
        help: str,
        default: str = "",
        default_says: str = "",
        unit: str = "",
        required: bool = False,
        many: bool = False,
        only_with: "tuple[str, object] | None" = None,
        engine: bool = False,
        was: str = "",
        title: str = "",
        group: str = "",
    ) -> None:
        self.name = name
        self.kind = kind
        self.help = help
        self.default = default
        # Words for a default that is not a fixed value.
        self.default_says = default_says
        self.unit = unit
        self.required = required
        self.many = many
        # (option, value): means something only while that option has this value.
        self.only_with = only_with
        # havend's engine acts by it, so the plan carries it there.
        self.engine = engine
        # What it was called before; that is still read.
        self.was = was
        # What pages call it, where the name itself does not say it.
        self.title = title
        self._group = group

    @property
    def group(self) -> str:
        """In which of GROUPS pages show it: what is needed is basic, what has a time is timing."""
        if self._group:
            return self._group
        if self.required:
            return BASIC
        return TIMING if self.unit in _MICROSECONDS else ADVANCED

    @property
    def key(self) -> str:
        """What its value is called in the model and the plan: a list in the plural, a time with its unit."""
        if self.many:
            return self.name + ("es" if self.name[-1] in "sx" else "s")
        return self.name + "_us" if self.unit in _MICROSECONDS else self.name

    def scaled(self, value: "Any") -> "Any":
        """Return a parsed value in the unit that the model has it in."""
        return value * _MICROSECONDS[self.unit] if self.unit in _MICROSECONDS else value


class SectionType:
    """One section type: `named` sections must have a name, of a `single` one there is one at most."""

    def __init__(
        self,
        name: str,
        help: str,
        options: tuple[Option, ...],
        named: bool = False,
        single: bool = False,
        one_of: tuple[str, ...] = (),
        title: str = "",
    ) -> None:
        self.name = name
        self.help = help
        self.options = options
        self.named = named
        self.single = single
        # Exactly one of these options is set.
        self.one_of = one_of
        # What pages call these sections.
        self.title = title

    def option(self, name: str) -> Option | None:
        """Find an option by its name."""
        for option in self.options:
            if option.name == name:
                return option
        return None

    @property
    def option_names(self) -> tuple[str, ...]:
        """Name the options in the order of the table."""
        return tuple([option.name for option in self.options])
