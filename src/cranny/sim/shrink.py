"""A failing life made as small as it still fails: without kinds of trouble that it does not need, with fewer banks,
fewer parcels and fewer hours. What is left is a story that can be read.

Everybody throws dice of their own, so what is taken away changes little of the rest.
"""

from collections.abc import Callable, Iterator
from dataclasses import fields, replace

from cranny.sim import Plan, Report, run
from cranny.sim.troubles import KINDS

Try = Callable[[Plan], Report]


def shrink(seed: int, plan: Plan, say: Callable[[str], None], attempt: Try | None = None) -> tuple[Plan, Report] | None:
    """The smallest plan found that breaks the same invariant, and its report; None when the seed does not fail."""
    attempt = attempt or (lambda smaller: run(seed, smaller))
    plan = replace(plan, hasty=True)
    report = attempt(plan)
    if not report.violations:
        return None
    wanted = report.violations[0].invariant
    smaller = True
    while smaller:
        smaller = False
        for what, candidate in _smaller(plan):
            found = attempt(candidate)
            if any(violation.invariant == wanted for violation in found.violations):
                say(f"  still {wanted} {what}")
                plan, report, smaller = candidate, found, True
    return plan, report


def _smaller(plan: Plan) -> Iterator[tuple[str, Plan]]:
    for kind in KINDS:
        if kind not in plan.without:
            yield f"without {kind}", replace(plan, without=plan.without | {kind})
    if plan.banks > 1:
        yield "with one bank", replace(plan, banks=1)
    if plan.deliveries > 1:
        half = plan.deliveries // 2
        yield f"with {half} parcels", replace(plan, deliveries=half)
    if plan.hours > 0.5 and not plan.alone_hours:  # noqa: PLR2004 - less than half an hour is no life
        yield f"in {plan.hours / 2:g} hours", replace(plan, hours=plan.hours / 2)


def told(plan: Plan) -> str:
    """The plan as it is written down in `regressions`."""
    usual = Plan()
    parts = [
        f"{one.name}={getattr(plan, one.name)!r}"
        for one in fields(plan)
        if one.name not in ("hasty", "folder") and getattr(plan, one.name) != getattr(usual, one.name)
    ]
    return f"Plan({', '.join(parts)})"
