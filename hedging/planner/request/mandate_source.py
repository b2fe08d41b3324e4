"""Which targets and limits of a plan a book's file said, and which of those an option or argument replaced."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hedging._ground.shown import Shown
from hedging.planner.request.mandate import Mandate

__all__ = ["MandateSource"]


@dataclass(frozen=True, slots=True)
class MandateSource(Shown):
    """Targets and limits that a book's file says, by whether a plan was asked for them or for others.

    Attributes
    ----------
    book : str
        The file.
    kept : tuple of str
        Fields of `Target` and `Limits` that were taken from it.
    replaced : tuple of str
        Fields that it says, and that were given anew.

    Examples
    --------
    >>> written = Mandate({"delta": (8.0, 12.0)}, {"budget": 0.02, "max_legs": 4})
    >>> print(MandateSource.of("book.toml", written, Mandate({}, {"budget": 0.03})))
    delta, max_legs as book.toml says; budget in place of what book.toml says
    """

    book: str
    kept: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()

    @staticmethod
    def of(book: str, written: Mandate, given: Mandate) -> MandateSource:
        """What of a book's mandate holds beside one that is given."""
        says, anew = {**written.targets, **written.limits}, {**given.targets, **given.limits}
        return MandateSource(
            book,
            tuple(name for name in says if name not in anew),
            tuple(name for name in says if name in anew),
        )

    def __bool__(self) -> bool:
        return bool(self.kept or self.replaced)

    def __str__(self) -> str:
        parts = [f"{', '.join(self.kept)} as {self.book} says"] if self.kept else []
        parts += [f"{', '.join(self.replaced)} in place of what {self.book} says"] if self.replaced else []
        return "; ".join(parts) or f"nothing as {self.book} says"

    def to_dict(self) -> dict[str, Any]:
        """The source by field."""
        return {"book": self.book, "kept": list(self.kept), "replaced": list(self.replaced)}

    @staticmethod
    def from_dict(saved: dict[str, Any]) -> MandateSource:
        """Read what `to_dict` saved."""
        return MandateSource(saved["book"], tuple(saved["kept"]), tuple(saved["replaced"]))
