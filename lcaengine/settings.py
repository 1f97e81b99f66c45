"""Every setting that comes from the environment: name, meaning, default, form. `docs/operate.md` shows the same table.

A value is read when it is asked for, so that a process started with another environment behaves accordingly; `check` reads
all of them once, before a server starts.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Generic, TypeVar

from lcaengine.problems import Problem, Refused

T = TypeVar("T")
PREFIX = "LCAENGINE_"
FOR_TESTS = (PREFIX + "TEST_", PREFIX + "WRITE_")


@dataclass(frozen=True)
class Setting(Generic[T]):
    """One variable; ``form`` says what may stand in it, ``read`` makes a value of it or raises `ValueError`."""

    name: str
    zh: str
    en: str
    default: T
    form: str
    read: Callable[[str], T]
    shown: str = ""

    def value(self) -> T:
        """What the environment says, else the default; raises `Refused`."""
        given = os.environ.get(self.name, "")
        if not given:
            return self.default
        try:
            return self.read(given)
        except ValueError as error:
            values = {
                "name": self.name,
                "value": "***" if self in (METRICS_TOKEN, PACT_KEY) else given,
                "form": self.form,
            }
            raise Refused(Problem("bad_setting", self.name, values)) from error


def _text(given: str) -> str:
    return given


def _paths(given: str) -> tuple[Path, ...]:
    return tuple(Path(p) for p in given.split(os.pathsep) if p)


def _matching(pattern: str) -> Callable[[str], str]:
    def read(given: str) -> str:
        if not re.fullmatch(pattern, given):
            raise ValueError(given)
        return given

    return read


def _whole(least: int, most: int) -> Callable[[str], int]:
    def read(given: str) -> int:
        if not (given.isascii() and given.isdigit() and least <= int(given) <= most):
            raise ValueError(given)
        return int(given)

    return read


def _seconds(given: str) -> float:
    value = float(given)
    if not 0.1 <= value <= 3600:
        raise ValueError(given)
    return value


RATES = r"\d{1,9} per (second|minute|hour|day)"

# -- where things are

DATABASE = Setting(
    "LCAENGINE_DATABASE", "数据库地址", "database of the records; PostgreSQL needs the extra `postgres`",
    "", "URL: `sqlite:///…` or `postgresql://…`", _text, "SQLite in the user's data folder",
)  # fmt: skip
CACHE: Setting[Path | None] = Setting(
    "LCAENGINE_CACHE", "已构建背景数据版本的文件夹", "where built background releases are kept",
    None, "folder", Path, "the user's cache folder",
)  # fmt: skip
RULES: Setting[tuple[Path, ...]] = Setting(
    "LCAENGINE_RULES", "更多规则文件夹，草稿写入第一个", "further folders of rules; drafts are written to the first",
    (), "folders, separated like `PATH`", _paths, "none",
)  # fmt: skip
INVENTORIES: Setting[tuple[Path, ...]] = Setting(
    "LCAENGINE_INVENTORIES", "更多示例清单文件夹", "further folders of worked inventories",
    (), "folders, separated like `PATH`", _paths, "none",
)  # fmt: skip
KEYS: Setting[Path | None] = Setting(
    "LCAENGINE_KEYS", "签署声明的密钥文件夹；多台服务器须共用", "folder of the keys that sign; several servers share one",
    None, "folder", Path, "in the user's data folder",
)  # fmt: skip
CBAM_TABLES = Setting(
    "LCAENGINE_CBAM_TABLES", "导入的 CBAM 默认值表，代替随附的表", "folder of an imported table of CBAM default values, in place of the shipped one",
    "", "folder", _text, "none",
)  # fmt: skip

# -- partners by PACT

PACT_KEY = Setting(
    "LCAENGINE_PACT_KEY", "加密 PACT 伙伴密钥的密钥", "encrypts the secrets of PACT partners in the database",
    "", "32 bytes as base64url", _matching(r"[A-Za-z0-9_-]{43}=?"), "`pact.key` in the folder of keys, made on first use",
)  # fmt: skip
PACT_CA = Setting(
    "LCAENGINE_PACT_CA", "信任的 PACT 伙伴 CA 证书文件", "bundle of CA certificates to trust for PACT partners",
    "", "file", _text, "the system's",
)  # fmt: skip
PACT_PRIVATE = Setting(
    "LCAENGINE_PACT_PRIVATE", "PACT 伙伴是否可在内部网络", "whether PACT partners may be at private addresses, loopback among them",
    "no", "`yes` or `no`", _matching("yes|no"), "`no`",
)  # fmt: skip
PACT_SECRET = Setting(
    "LCAENGINE_PACT_SECRET", "登记伙伴时的客户端密钥", "secret for `lcaengine pact partner`, which asks for it otherwise",
    "", "text", _text, "none",
)  # fmt: skip

# -- who may come in

AUTH = Setting(
    "LCAENGINE_AUTH", "是否要求身份验证；离开本机回环地址时必须为 required", "whether callers must prove who they are; `required` beyond loopback",
    "none", "`none` or `required`", _matching("none|required"), "`none`",
)  # fmt: skip
PROXIES = Setting(
    "LCAENGINE_PROXIES", "前面有几层受信任的反向代理", "how many trusted proxies stand before the server (`X-Forwarded-*` of so many is believed)",
    0, "0 … 10", _whole(0, 10), "0",
)  # fmt: skip
RATE = Setting(
    "LCAENGINE_RATE", "每个调用者的请求速率上限", "requests of one caller: organisation, else address",
    "1200 per minute", "`1200 per minute` (second, minute, hour, day)", _matching(RATES), "`1200 per minute`",
)  # fmt: skip
RATE_LOGIN = Setting(
    "LCAENGINE_RATE_LOGIN", "登录与取令牌的速率上限", "the same for logging in and fetching tokens, by address",
    "30 per minute", "as above", _matching(RATES), "`30 per minute`",
)  # fmt: skip
RATE_STORAGE = Setting(
    "LCAENGINE_RATE_STORAGE", "速率计数的存放处；默认在每个进程内", "where the counts are kept; in memory every worker counts for itself",
    "memory://", "URL of a storage of `limits`, such as `redis://…`", _matching(r"\w+(\+\w+)*://.*"), "`memory://`",
)  # fmt: skip

# -- how long, how many

READ_SECONDS = Setting(
    "LCAENGINE_READ_SECONDS", "读取一个请求的总时限（大文件按 100 kB/s 延长）", "time to send a whole request; larger ones get a second more for every 100 kB",
    30.0, "0.1 … 3600", _seconds, "30",
)  # fmt: skip
WORK_SECONDS = Setting(
    "LCAENGINE_WORK_SECONDS", "处理一个请求的时限", "time to work on a request; then 503, and the worker is replaced",
    120.0, "0.1 … 3600", _seconds, "120",
)  # fmt: skip
KEEPALIVE_SECONDS = Setting(
    "LCAENGINE_KEEPALIVE_SECONDS", "空闲连接保留多久", "how long an idle connection is kept",
    15, "1 … 3600", _whole(1, 3600), "15",
)  # fmt: skip
STOP_SECONDS = Setting(
    "LCAENGINE_STOP_SECONDS", "停止时等待进行中请求的时限", "how long requests under way may take when the server stops",
    30, "1 … 3600", _whole(1, 3600), "30",
)  # fmt: skip
CONNECTIONS = Setting(
    "LCAENGINE_CONNECTIONS", "每个工作进程的连接数上限", "connections of one worker, idle ones included",
    250, "100 … 10000", _whole(100, 10_000), "250",
)  # fmt: skip
MAX_REQUESTS = Setting(
    "LCAENGINE_MAX_REQUESTS", "工作进程处理多少请求后更换（0：不更换）", "after how many requests a worker is replaced, give or take a tenth (0: never)",
    0, "0 … 1000000000", _whole(0, 10**9), "0",
)  # fmt: skip

# -- batches

BATCHES: Setting[Path | None] = Setting(
    "LCAENGINE_BATCHES", "批量任务文件所在的文件夹", "where the files of batches are kept; several servers may share one",
    None, "folder", Path, "in the user's data folder",
)  # fmt: skip
BATCH_BYTES = Setting(
    "LCAENGINE_BATCH_BYTES", "批量文件的大小上限（字节）", "largest file of a batch over HTTP, in bytes",
    500_000_000, "1 … 1000000000000", _whole(1, 10**12), "500000000",
)  # fmt: skip
BATCH_WORKERS = Setting(
    "LCAENGINE_BATCH_WORKERS", "本机批量计算的进程数（0：按处理器核数）", "processes of a batch on this machine (0: one a core)",
    0, "0 … 256", _whole(0, 256), "0",
)  # fmt: skip
SCHEDULER = Setting(
    "LCAENGINE_SCHEDULER", "用于批量计算的 Dask 集群；未设置时用本机", "Dask cluster that runs the batches, in place of this machine",
    "", "`tcp://host:port` or `tls://…`", _matching(r"(tcp|tls)://\S+"), "none",
)  # fmt: skip

# -- what is told

LOG = Setting(
    "LCAENGINE_LOG", "日志格式：纯文本或每行一个 JSON", "form of the log on standard error: text, or a JSON object a line",
    "plain", "`plain` or `json`", _matching("plain|json"), "`plain`",
)  # fmt: skip
METRICS_TOKEN = Setting(
    "LCAENGINE_METRICS_TOKEN", "读取 /metrics 所需的令牌；未设置时只限本机", "who sends it as bearer token may read `/metrics`; without it only loopback may",
    "", "16 … 200 characters without blanks", _matching(r"[!-~]{16,200}"), "none",
)  # fmt: skip

SETTINGS: tuple[Setting[object], ...] = tuple(value for value in globals().values() if isinstance(value, Setting))


def check() -> tuple[str, ...]:
    """Reads every setting; raises `Refused` with all that are wrong. Returns what else has our prefix, for a warning."""
    problems: list[Problem] = []
    for setting in SETTINGS:
        try:
            setting.value()
        except Refused as refused:
            problems += refused.problems
    if problems:
        raise Refused(problems)
    known = {setting.name for setting in SETTINGS}
    return tuple(
        sorted(n for n in os.environ if n.startswith(PREFIX) and not n.startswith(FOR_TESTS) and n not in known)
    )


def nearest(name: str) -> str:
    """The setting that a mistyped name may mean."""
    return next(iter(get_close_matches(name, [s.name for s in SETTINGS], 1)), "")


def table() -> Iterator[str]:
    """The table of `docs/operate.md`, line by line."""
    yield "| variable | meaning | 含义 | form | default |"
    yield "|---|---|---|---|---|"
    for s in SETTINGS:
        yield f"| `{s.name}` | {s.en} | {s.zh} | {s.form} | {s.shown} |"
