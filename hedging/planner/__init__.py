r"""The planner: which orders take a book to its target at the least cost, in whole lots, with a proof.

The programme, for orders :math:`j` (each instrument and side) in whole lots :math:`x_j`, used or not
(:math:`z_j`):

.. math::

    \min_{x, z} \quad & \textstyle\sum_j c_j x_j + \kappa \sum_j z_j
        && \text{half spread, fee, funding of perpetuals; a price per leg} \\
    & G^- \le G + \textstyle\sum_j g_j x_j \le G^+
        && \text{delta, gamma, vega, theta: in money or coins, by expiry, with skew} \\
    & \textstyle\sum_j p_j x_j \le B
        && \text{net premium within the budget} \\
    & V_s + \textstyle\sum_j v_{sj} x_j \ge F
        && \text{P\&L at every node } s \text{ of the scenario set} \\
    & \text{mean of the worst } 1 - \beta \text{ of } V_k + \textstyle\sum_j v_{kj} x_j \ge E,
        \quad P(V_k + \textstyle\sum_j v_{kj} x_j < Q) \le 1 - \beta
        && \text{shortfall and value at risk over outcomes } k \\
    & C_T + \textstyle\sum_{j \text{ lives at } T} \pm x_j \ge \min(0, C_T)
        && \text{calls covered by coins, puts by puts, at every expiry } T \\
    & m_j z_j \le x_j \le M_j z_j, \quad \textstyle\sum_j z_j \le N
        && \text{no leg too small, none beyond the quoted size}

Or the worst loss, or the expected shortfall, is made as small as a limit on the cost allows; and a view of
drift and vol, where one is given, puts what orders are expected to gain into the objective.

Outcomes that disagree with the quotes pay whoever trades at them: `hedging.planner.outcomes.free_lunch` looks for that first.

Cost is what is gone for good. Premium is never the objective: who minimises premium sells every option
there is. `hedging.planner.solver.search` says why the answer is proven for the whole chain.
"""

from hedging._ground.kinds import guarded as _guarded
from hedging.planner.audit import Audit, audit
from hedging.planner.explain.conditioning import Conditioning, conditioning
from hedging.planner.frontier import Frontier, frontier
from hedging.planner.outcomes.free_lunch import free_lunch, reweighted
from hedging.planner.plan import plan
from hedging.planner.proxy import Proxy, proxy
from hedging.planner.request.effort import Effort
from hedging.planner.request.funding import Funding
from hedging.planner.request.limit import Limit
from hedging.planner.request.limits import Limits, Outright
from hedging.planner.request.mandate import Mandate, mandate_from_dict, read_mandate
from hedging.planner.request.mandate_schema import book_schema
from hedging.planner.request.mandate_source import MandateSource
from hedging.planner.request.outcomes import Outcomes
from hedging.planner.request.price_history import PriceHistory
from hedging.planner.request.survive import Survive
from hedging.planner.request.target import Band, Target, around
from hedging.planner.request.view import View
from hedging.planner.result.accounts import AccountSurvival, LiquidationMove
from hedging.planner.result.agreement import Agreement, FreeLunch, Reweighting
from hedging.planner.result.carry import BreakEven, Decay
from hedging.planner.result.checks import Check, Trough
from hedging.planner.result.infeasible import InfeasibleHedgeError
from hedging.planner.result.plan import HedgePlan
from hedging.planner.result.saved import read_plan
from hedging.planner.result.status import PlanStatus
from hedging.planner.result.values import Alternative, Driver, JointFeasibility, Numeraire, ShadowPrice

__all__ = [
    "AccountSurvival",
    "Agreement",
    "Alternative",
    "Audit",
    "Band",
    "BreakEven",
    "Check",
    "Conditioning",
    "Decay",
    "Driver",
    "Effort",
    "FreeLunch",
    "Frontier",
    "Funding",
    "HedgePlan",
    "InfeasibleHedgeError",
    "JointFeasibility",
    "Limit",
    "Limits",
    "LiquidationMove",
    "Mandate",
    "MandateSource",
    "Numeraire",
    "Outcomes",
    "Outright",
    "PlanStatus",
    "PriceHistory",
    "Proxy",
    "Reweighting",
    "ShadowPrice",
    "Survive",
    "Target",
    "Trough",
    "View",
    "around",
    "audit",
    "book_schema",
    "conditioning",
    "free_lunch",
    "frontier",
    "mandate_from_dict",
    "plan",
    "proxy",
    "read_mandate",
    "read_plan",
    "reweighted",
]

_guarded(globals())
