"""Plants a bug: changes one snippet of a function's source in place, and takes it back."""

from __future__ import annotations
import __future__

import importlib
import inspect
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import CodeType, FunctionType


class NotApplicable(Exception):
    """The source no longer holds the snippet; the planted bug has to be written anew."""


@dataclass(frozen=True, slots=True)
class PlantedBug:
    """A realistic fault.

    Attributes:
        name: what goes wrong.
        target: `module:qualified.name` of the function to change.
        old, new: the snippet and what stands in its place.
        way: of running the engine that shows it soonest; "" = any.
    """

    name: str
    target: str
    old: str
    new: str
    way: str = ""

    @property
    def is_in_compiler(self) -> bool:
        """Whether programs must be compiled anew to have it."""
        return self.target.startswith("rules_dsl")


@contextmanager
def planted(bug: PlantedBug) -> Iterator[None]:
    """The bug is there inside the block, whoever imported the function from wherever."""
    function = _function(bug.target)
    original = function.__code__
    function.__code__ = _changed(function, bug)
    try:
        yield
    finally:
        function.__code__ = original


def _function(target: str) -> FunctionType:
    module_name, _, path = target.partition(":")
    found: object = importlib.import_module(module_name)
    for name in path.split("."):
        found = inspect.getattr_static(found, name, None)
        if found is None:
            raise NotApplicable(f"{target} does not exist")
    if isinstance(found, staticmethod | classmethod):
        found = found.__func__
    if not isinstance(found, FunctionType):
        raise NotApplicable(f"{target} is no function")
    return found


def _changed(function: FunctionType, bug: PlantedBug) -> CodeType:
    source = textwrap.dedent(inspect.getsource(function))
    if bug.old not in source:
        raise NotApplicable(f"{bug.target} does not hold {bug.old!r}")
    changed = source.replace(bug.old, bug.new)
    compiled = compile(
        changed,
        f"<planted: {bug.name}>",
        "exec",
        flags=__future__.annotations.compiler_flag,
        dont_inherit=True,
    )
    wanted = function.__name__
    found = next(
        constant
        for constant in compiled.co_consts
        if isinstance(constant, CodeType) and constant.co_name == wanted
    )
    if found.co_freevars != function.__code__.co_freevars:
        raise NotApplicable(f"{bug.target} is a closure")
    return found
