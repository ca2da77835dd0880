"""Function words of English and Chinese: words that say how a text is built, not what it is about.

Negations are in neither list, they have lists of their own: "not good" and "good", 不好 and 好, are not the same text.
"""

from __future__ import annotations

from functools import cache

from .._validation import check_choice

__all__ = ["STOP_WORDS_VERSION", "stop_words_of"]

STOP_WORDS_VERSION = 2

_ENGLISH = """
a about above across after again against all almost along already also although always am among an and another any
anybody anyone anything are around as at away back be became because become becomes been before behind being below
between both but by came can come comes could d did do does doing done down during each either else enough especially
etc even ever every everybody everyone everything few for from further gave get gets getting give given gives go goes
going gone got had has have having he he'd he'll hence her here hers herself him himself his how however i i'd
i'll i'm i've if in indeed instead into is it it'd it'll its itself just keep kept last least less let like ll lot lots
made make makes many may maybe me might mine more most mostly much must my myself next now of off often on once
one ones only onto or other others otherwise ought our ours ourselves out over own perhaps put quite rather re really
s said same saw say says see seem seemed seems seen several shall she she'd she'll should since so some somebody someone
something sometimes somewhere still such t take taken takes than that that'd that'll the their theirs them themselves
then there there'd there'll therefore these they they'd they'll they're they've thing things this those though through
thus to together too took toward towards under until up upon us use used uses using usually ve very via was way we we'd
we'll we're we've well went were what whatever when whenever where whereas wherever whether which whichever while who
who'd who'll who're who've whoever whole whom whose why will with within would yes yet you you'd you'll you're you've
your yours yourself yourselves
"""

_CHINESE = """
的 了 和 是 在 也 就 都 而 及 与 與 着 著 或 之 于 於 以 为 為 因 由 从 從 到 对 對 对于 對於 关于 關於 把 被 让 讓
给 給 向 往 跟 同 比 所 所以 所有 因为 因為 因此 由于 由於 但 但是 然而 而且 并 並 并且 並且 或者 如果 假如 虽然
雖然 即使 只要 只有 然后 然後 于是 於是 以及 我 你 您 他 她 它 们 們 我们 我們 你们 你們 他们 他們 她们 她們 它们
它們 咱们 自己 大家 别人 这 這 那 这个 這個 那个 那個 这些 這些 那些 这样 這樣 那样 那樣 这里 這裡 那里 那裡 哪
哪里 哪裡 哪些 谁 誰 什么 什麼 怎么 怎麼 怎样 怎樣 为什么 為什麼 多少 几 幾 个 個 些 一个 一個 一些 一种 一種 一样
一樣 一下 一直 一定 每 每个 每個 各 各种 各種 某 某些 其 其他 其它 其中 此 该 該 本 等 等等 之一 之前 之后 之後
以前 以后 以後 时 時 时候 時候 的话 的話 地 得 过 過 吗 嗎 呢 吧 啊 呀 哦 哈 嘛 啦 么 麼 又 再 还 還 还是 還是 已
已经 已經 正在 将 將 会 會 能 可 可以 可能 应该 應該 必须 必須 要 想 有 有的 有些 说 說 来 來 去 上 下 里 裡 中 内
內 外 前 后 後 起来 起來 出来 出來 这么 這麼 那么 那麼 更 最 只 才 却 卻 则 則 若 且 即 便 乃 亦 通过 通過 根据
根據 按照 随着 隨著 作为 作為 除了 例如 比如 就是 都是 也是 不过 不過 是否
"""

_ENGLISH_NEGATIONS = """
no not nor neither never none nobody nothing nowhere without cannot can't couldn't didn't doesn't don't hadn't hasn't
haven't isn't aren't ain't wasn't weren't won't wouldn't shan't shouldn't mightn't mustn't needn't
"""

_CHINESE_NEGATIONS = """
不 没 沒 无 無 别 別 非 未 勿 莫 毋 否 没有 沒有 不是 不会 不會 不能 不可 不要 不用 不必 不得 不曾 从不 從不 从未 從未
并非 並非 未曾 未必 毫无 毫無 绝不 絕不 决不 決不
"""

_LISTS = {"english": tuple(_ENGLISH.split()), "chinese": tuple(_CHINESE.split())}
_NEGATIONS = {"english": tuple(_ENGLISH_NEGATIONS.split()), "chinese": tuple(_CHINESE_NEGATIONS.split())}


@cache
def stop_words_of(language: str, *, negations: bool = False) -> tuple[str, ...]:
    """Return the stop words of ``"english"`` or ``"chinese"``, or of both for ``"auto"``; with `negations`, these too.

    Raises
    ------
    ValueError
        For any other language.
    """
    check_choice(language, "stop_words", ("auto", *_LISTS))
    chosen = _LISTS if language == "auto" else (language,)
    return sum((_LISTS[name] + (_NEGATIONS[name] if negations else ()) for name in chosen), ())
