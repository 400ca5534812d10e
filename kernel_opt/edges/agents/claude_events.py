"""What the stream of events of Claude Code says."""

import json

from kernel_opt.edges.agents.events import Event, amount, count, money, table, texts, words
from kernel_opt.edges.agents.told import CallEnd, Told, classify_status, classify_words
from kernel_opt.model.hypothesis import Usage

_LIMITS = {"error_max_turns": "used up its turns", "error_max_budget_usd": "used up its money"}


class Heard:
    """What was heard in the order of the events."""

    def __init__(self) -> None:
        self._session = self._model = ""
        self._result: Event = {}
        self._retry: Event = {}
        self._delay_s: float | None = None
        self._resets_at_s: float | None = None
        self._messages: dict[str, Event] = {}

    def add(self, event: Event) -> None:
        """Take one event."""
        match event.get("type"), event.get("subtype"):
            case "system", "init":
                self._session, self._model = words(event.get("session_id")), words(event.get("model"))
            case "system", "api_retry":
                self._retry = event
                # It waits as long as the server has asked it to, or by a measure of its own where that said nothing.
                self._delay_s = (amount(event.get("retry_delay_ms"), 1e9) or 0.0) / 1000 or None
            case "rate_limit_event", _:
                limit = table(event.get("rate_limit_info"))
                self._resets_at_s = amount(limit.get("resetsAt"), 1e11) if limit.get("status") == "rejected" else None
            case "assistant", _:
                message = table(event.get("message"))
                if message.get("model") != "<synthetic>":
                    self._retry = {}
                    self._messages[words(message.get("id"))] = table(message.get("usage"))
            case "result", _:
                self._result = event
            case _:
                pass

    def tell(self) -> Told:
        """Say how it ended; ``subtype`` is "success" for a wrong key, too, and is believed of no success."""
        result = self._result
        end, detail = self._find_end()
        answer = result.get("structured_output") or result.get("result") or ""
        return Told(
            end=end,
            detail=detail,
            answer=(answer if isinstance(answer, str) else json.dumps(answer)).encode(),
            usage=self._usage(),
            session=self._session,
            is_total=bool(result),
            retry_after_s=self._delay_s,
            resets_at_s=self._resets_at_s,
            has_begun=bool(self._messages) or bool(result.get("num_turns")),
        )

    def _find_end(self) -> tuple[CallEnd, str]:
        result, subtype = self._result, str(self._result.get("subtype"))
        said = words(result.get("result")) or "; ".join(texts(result.get("errors")))
        if not result:
            if self._retry:
                return CallEnd.TRANSIENT, f"no answer: {words(self._retry.get('error'))}"
            return CallEnd.NOTHING, "it ended without a result"
        if subtype in _LIMITS:
            return CallEnd.LIMIT, f"it {_LIMITS[subtype]}"
        if result.get("is_error") is False and subtype == "success":
            return CallEnd.OK, ""
        status = result.get("api_error_status")
        if isinstance(status, int):
            end = classify_status(status)
            return (classify_words(said) or end) if end is CallEnd.NOTHING else end, said
        if classify_words(said) is CallEnd.AUTH:
            return CallEnd.AUTH, said
        is_unreached = result.get("terminal_reason") == "api_error"
        return CallEnd.TRANSIENT if is_unreached else CallEnd.NOTHING, said or f"it ended as {subtype}"

    def _usage(self) -> Usage:
        """Return tokens and money: of the result, or when it was ended without one, of what was heard."""
        models = [table(one) for one in table(self._result.get("modelUsage")).values()]
        names = ("inputTokens", "cacheReadInputTokens", "cacheCreationInputTokens")
        read, written = sum(count(one.get(name)) for one in models for name in names), 0
        written = sum(count(one.get("outputTokens")) for one in models)
        if not self._result:
            names = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
            read = sum(count(one.get(name)) for one in self._messages.values() for name in names)
            written = sum(count(one.get("output_tokens")) for one in self._messages.values())
        cost = money(self._result.get("total_cost_usd"))
        return Usage(input_tokens=read, output_tokens=written, cost_usd=cost, model=self._model)
